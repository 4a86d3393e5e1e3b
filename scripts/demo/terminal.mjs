// What the reader sees. Colour only where a terminal shows it, and nothing said by colour alone.

/** @typedef {'bold' | 'dim' | 'green' | 'cyan'} Style */

const codes = { bold: [1, 22], dim: [2, 22], green: [32, 39], cyan: [36, 39] }

export class Terminal {
  /** The step that is played now. */
  step = 'start'
  #stream
  #hasColor
  #steps = 0
  #isMuted = false

  /** @param {NodeJS.WriteStream} stream */
  constructor(stream) {
    this.#stream = stream
    this.#hasColor = stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === ''
  }

  /** @param {string} name @param {string} explanation */
  begin(name, explanation) {
    this.step = name
    this.#steps++
    this.line('')
    this.line(`${this.#paint('bold', `${this.#steps}. ${name}`)}`)
    this.line(this.#paint('dim', explanation))
  }

  /** A command as it was typed. @param {string} who @param {string} command */
  typed(who, command) {
    this.line(`${this.#paint('cyan', `${who}$`)} ${command}`)
  }

  /** What the reader should take from it. @param {string} text */
  note(text) {
    this.line(`${this.#paint('green', '→')} ${text}`)
  }

  /** What still comes in while all is cleared away is of no interest. */
  mute() {
    this.#isMuted = true
  }

  /** @param {string} text */
  line(text) {
    if (!this.#isMuted) this.#stream.write(`${text}\n`)
  }

  /** @param {Style} style @param {string} text */
  #paint(style, text) {
    const [on, off] = codes[style]
    return this.#hasColor ? `\x1b[${on}m${text}\x1b[${off}m` : text
  }
}
