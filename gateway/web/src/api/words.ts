/** Sentences that no server can say, because it was not reached or not asked. */
const words = {
  'zh-CN': {
    unreachable: '网络不通，请检查后重试。',
    foreign: '服务暂时出了点问题，请稍后再试。',
    photo_missing: '请先选一张照片。',
    photo_unreadable: '这张照片读不出来了，请重新选择。',
    challenge_unsolved: '无法在此浏览器上完成验证，请换一个浏览器。',
    canceled: '已取消。',
    task_expired: '没能按时完成，请再试一次。',
    generation_failed: '没能画出来，请再试一次。',
    preparing: '正在准备照片',
    uploading: '正在上传照片',
    checking: '正在检查照片',
    queued: '排队中',
    running: '正在作画',
    done: '完成',
    mock: '示意图，并非真实作品',
  },
  en: {
    unreachable: 'No connection. Please check and try again.',
    foreign: 'Something is wrong at our end. Please try again later.',
    photo_missing: 'Please choose a photo first.',
    photo_unreadable: 'This photo cannot be read any more. Please choose it again.',
    challenge_unsolved: 'This browser cannot prove that it is one. Please try another.',
    canceled: 'Canceled.',
    task_expired: 'This took too long. Please try again.',
    generation_failed: 'The picture could not be made. Please try again.',
    preparing: 'Preparing your photo',
    uploading: 'Uploading your photo',
    checking: 'Checking your photo',
    queued: 'Waiting',
    running: 'Painting',
    done: 'Done',
    mock: 'A stand-in, not a real picture',
  },
} as const;

export type Language = keyof typeof words;
export type Word = keyof (typeof words)['en'];

export const say = (language: Language, word: Word): string => words[language][word];

/** The language of a page: English where it says so, Chinese otherwise. */
export function pageLanguage(): Language {
  const spoken = globalThis.document?.documentElement.lang || globalThis.navigator?.language || '';
  return spoken.toLowerCase().startsWith('en') ? 'en' : 'zh-CN';
}
