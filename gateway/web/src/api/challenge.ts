import { sha256 } from './hash';

interface Challenge {
  algorithm: string;
  challenge: string;
  maxNumber?: number;
  maxnumber?: number; // as other servers spell it
  salt: string;
  signature: string;
}

const maxTries = 5_000_000;

/**
 * Does the proof of work that an operator may ask of new sessions (ALTCHA);
 * undefined when this browser cannot.
 */
export async function solve(raw: unknown): Promise<string | undefined> {
  const { algorithm, challenge, maxNumber, maxnumber, salt, signature } = raw as Challenge;
  const last = Math.min(maxNumber ?? maxnumber ?? maxTries, maxTries);
  const text = new TextEncoder();
  for (let number = 0; number <= last; number++) {
    const sum = await sha256(text.encode(salt + number));
    if (sum === undefined) return undefined; // not served safely
    if (sum === challenge) {
      return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
    }
  }
  return undefined;
}
