import { CommanderError } from 'commander';
import type { GateAnswer } from '../../schemas/gate.js';
import { ContractError } from '../contract/error.js';
import { QueryRefused } from '../store/errors.js';
import { StartError } from '../start-error.js';

/** What a command tells its caller by its exit. */
export const ExitCode = {
  /** It holds: the gate is ready, every call is enforceable. */
  holds: 0,
  /** It does not. */
  doesNotHold: 1,
  /** It could not be asked: wrong usage, unreadable input, no connection. */
  cannotAsk: 2,
  /** There is too little data to say. */
  tooLittleData: 3,
} as const;

/** What an answer of the gate means for whoever called. */
export const gateExitCode: Readonly<Record<GateAnswer['answer'], number>> = {
  ready: ExitCode.holds,
  not_ready: ExitCode.doesNotHold,
  insufficient_data: ExitCode.tooLittleData,
};

/** Something that the person at the command line can put right. The message says what and how. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Tells a person of an error on stderr, and says with which code to leave. */
export function exitCodeOf(error: unknown): number {
  // commander has printed its own messages already; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.holds : ExitCode.cannotAsk;
  if (error instanceof UsageError || error instanceof StartError || error instanceof ContractError) {
    console.error(error.message);
  } else if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    console.error(error.message);
  } else console.error(error);
  return ExitCode.cannotAsk;
}

/** Says what the person can put right who asked for it: what may not be done to what is stored, and what ClickHouse refused. */
export async function told<T>(done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    throw error instanceof RangeError || error instanceof QueryRefused ? new UsageError(error.message) : error;
  }
}
