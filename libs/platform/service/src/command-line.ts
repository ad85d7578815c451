import type { Config, SettingDescription, Settings } from './config.ts';
import { DURATION_FORMS } from './settings.ts';

/** What a service says to its command line before it ends: text without a line break at its end, and exit status. */
export interface CommandLineAnswer {
  readonly text: string;
  readonly isHelp: boolean;
}

/** The answer to the arguments; undefined where there is none, that is, where the service is to start. */
export function answerArguments(
  args: readonly string[],
  config: Config<Settings>,
): CommandLineAnswer | undefined {
  if (args.length === 0) return undefined;
  if (args.includes('--help') || args.includes('-h')) return { text: help(config), isHelp: true };
  const text =
    `${config.service} takes no arguments, so ${args.join(' ')} means nothing to it.\n` +
    `  Settings are environment variables, such as LOG_LEVEL=debug; --help lists them.`;
  return { text, isHelp: false };
}

function help(config: Config<Settings>): string {
  return [
    `${config.service}: settings are environment variables; there are no arguments but --help.`,
    `A duration is written ${DURATION_FORMS}.`,
    ...config.describe().map((setting) => `\n  ${setting.variable}  ${facts(setting)}${meaning(setting)}`),
  ].join('\n');
}

/** `integer, 1 to 64 threads, default 1` */
function facts({ kind, unit, bounds, fallback }: SettingDescription): string {
  const measure = [bounds, unit].filter(Boolean).join(' ');
  return [kind, measure, fallbackText(fallback)].filter(Boolean).join(', ');
}

function fallbackText(fallback: string | undefined): string {
  if (fallback === undefined) return 'required';
  return fallback === '' ? 'optional' : `default ${fallback}`;
}

const meaning = ({ help }: SettingDescription): string => (help === '' ? '' : `\n      ${help}`);
