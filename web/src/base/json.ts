/*
 * json.ts - what a peer sent as JSON, taken field by field: a wrong type is a
 * SYNTAX, never an undefined that travels.
 */
import { Fault } from './fault';
import { unb64 } from './codec';
import type { Octets } from './octets';

export class Json {
  private constructor(private readonly object: Record<string, unknown>) {}

  static of(value: unknown): Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Fault('SYNTAX', 'object');
    return new Json(value as Record<string, unknown>);
  }

  static parse(text: string): Json {
    try {
      return Json.of(JSON.parse(text));
    } catch {
      throw new Fault('SYNTAX', 'JSON');
    }
  }

  private get(name: string): unknown {
    return Object.hasOwn(this.object, name) ? this.object[name] : undefined;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.object, name);
  }

  text(name: string): string {
    const v = this.get(name);
    if (typeof v !== 'string') throw new Fault('SYNTAX', name);
    return v;
  }

  number(name: string): number {
    const v = this.get(name);
    if (typeof v !== 'number' || !Number.isSafeInteger(v) || v < 0) throw new Fault('SYNTAX', name);
    return v;
  }

  bool(name: string): boolean {
    const v = this.get(name);
    if (typeof v !== 'boolean') throw new Fault('SYNTAX', name);
    return v;
  }

  octets(name: string, n?: number): Octets {
    return unb64(this.text(name), n);
  }

  /* An id, kept as the text that the API uses; checked. */
  id(name: string): string {
    const v = this.text(name);
    unb64(v, 16);
    return v;
  }

  list(name: string): unknown[] {
    const v = this.get(name);
    if (!Array.isArray(v)) throw new Fault('SYNTAX', name);
    return v;
  }

  each<T>(name: string, make: (j: Json) => T): T[] {
    return this.list(name).map((v) => make(Json.of(v)));
  }

  object_(name: string): Json {
    return Json.of(this.get(name));
  }

  /* The field names must be exactly these. */
  only(...names: string[]): this {
    for (const name of Object.keys(this.object))
      if (!names.includes(name)) throw new Fault('SYNTAX', `unknown ${name}`);
    return this;
  }
}
