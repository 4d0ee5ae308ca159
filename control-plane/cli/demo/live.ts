import type { Problem } from '@lateen/sdk/base/problem';
import type { Client } from '../client.ts';
import type { Io } from '../io.ts';
import { paintFor } from '../paint.ts';
import { paintProblem } from '../say.ts';
import { liveLine } from './screen.ts';
import type { Traffic } from './traffic.ts';

const TERMINAL_MS = 500;
const PLAIN_MS = 5_000;
const FIRST_MS = 1_000;
const PROBLEMS_MS = 500;

/** The moving part of the screen: one line of counts, and above it what goes wrong as it does. */
export class Live {
  readonly #traffic: Traffic;
  readonly #client: Client;
  readonly #io: Io;
  readonly #timers: NodeJS.Timeout[] = [];
  #told = new Set<string>();
  #asking = false;

  constructor(traffic: Traffic, client: Client, io: Io) {
    this.#traffic = traffic;
    this.#client = client;
    this.#io = io;
  }

  start(): void {
    const { terminal } = this.#io.environment;
    const draw = () => this.#draw();
    this.#timers.push(
      setTimeout(draw, FIRST_MS),
      setInterval(draw, terminal ? TERMINAL_MS : PLAIN_MS),
      setInterval(() => void this.#askProblems(), PROBLEMS_MS),
    );
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Writes above the moving line. */
  say(text: string): void {
    const clear = this.#io.environment.terminal ? '\r\u001b[2K' : '';
    this.#io.out(`${clear}${text}`);
  }

  #draw(): void {
    if (!this.#traffic.running) return;
    const { color, terminal } = this.#io.environment;
    const line = liveLine(this.#traffic.counts(), paintFor(color));
    if (terminal) process.stdout.write(`\r\u001b[2K${line}`);
    else this.#io.out(line);
  }

  async #askProblems(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const reply = await this.#client.get('/v1/problems');
    this.#asking = false;
    if (!reply.ok) return;
    const problems = (reply.value.json['problems'] ?? []) as unknown as readonly Problem[];
    const texts = problems.map((each) => paintProblem(each, this.#io));
    for (const text of texts) if (!this.#told.has(text)) this.say(text);
    for (const text of this.#told) {
      if (!texts.includes(text)) this.say(`solved: ${text.split('\n', 1)[0]}`);
    }
    this.#told = new Set(texts);
  }
}
