<!doctype html><html lang="zh-CN">
