// Package config reads the one YAML file that serves gateway, worker and
// imgctl dev, and lays flags over environment over file over the defaults it
// is given. The mains feed it the struct that sums their packages' Configs;
// it feeds them that struct filled, or every fault at once, each named as the
// operator wrote the key.
package config
