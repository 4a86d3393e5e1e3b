import type * as v from 'valibot'
import { equal, fromBase64url, toBase64url, utf8 } from '../bytes.js'
import type { Crypto } from '../crypto.js'
import { signatureLength } from '../crypto.js'
import { MeshError } from '../errors.js'
import type { AgentId } from '../identity/agent-id.js'
import type { SignContext } from '../identity/contexts.js'
import { type Keypair, verify } from '../identity/keypair.js'
import { Reader } from '../reader.js'
import { Writer } from '../writer.js'
import { parseShape } from './shape.js'

// A signed document (docs/protocol.md §2). The signature covers the JSON bytes exactly as they are
// sent, so they are carried along and nobody ever writes them anew.
//
//   in HTTP bodies        { "document": base64url(JSON), "signature": base64url(64 bytes) }
//   inside binary frames  u16 length ‖ JSON ‖ signature 64

/** A document as it came: nothing about it is verified. */
export interface SignedBytes {
  /** UTF-8 JSON. */
  readonly json: Uint8Array
  readonly signature: Uint8Array
}

/** The form of HTTP bodies. */
export interface SignedDocument {
  readonly document: string
  readonly signature: string
}

/** Which document it is: its name in errors, what its signature says, how long it may be. */
export interface DocumentKind<S extends v.GenericSchema> {
  readonly name: string
  readonly context: SignContext
  readonly schema: S
  readonly maxBytes: number
}

export function signedToText(signed: SignedBytes): SignedDocument {
  return { document: toBase64url(signed.json), signature: toBase64url(signed.signature) }
}

/** Throws 'invalid' for what is not canonical base64url, too long or of the wrong length. */
export function signedFromText(text: SignedDocument, maxBytes: number): SignedBytes {
  if (text.document.length > Math.ceil((maxBytes * 4) / 3)) throw tooLong(maxBytes)
  return checkLengths(
    {
      json: fromBase64url(text.document, 'document'),
      signature: fromBase64url(text.signature, 'signature'),
    },
    maxBytes,
  )
}

export function signedToBytes(signed: SignedBytes): Uint8Array {
  const writer = new Writer(2 + signed.json.length + signatureLength)
  return writer.u16(signed.json.length).bytes(signed.json).bytes(signed.signature).finish()
}

/** Throws 'invalid' for what is cut short, too long or has bytes left over. */
export function signedFromBytes(bytes: Uint8Array, maxBytes: number): SignedBytes {
  const reader = new Reader(bytes, 'signed document')
  const json = reader.bytes(reader.u16('length'), 'document')
  const signature = reader.bytes(signatureLength, 'signature')
  reader.end()
  return checkLengths({ json, signature }, maxBytes)
}

/** Whether both are the same document under the same signature. */
export function sameDocument(a: SignedBytes, b: SignedBytes): boolean {
  return equal(a.json, b.json) && equal(a.signature, b.signature)
}

/** Signs the JSON of `value`, having checked that the readers of this kind will take it. */
export function signDocument<S extends v.GenericSchema>(
  kind: DocumentKind<S>,
  keypair: Keypair,
  value: unknown,
): SignedBytes {
  const json = utf8(JSON.stringify(value))
  parseShape(kind.schema, json, kind.name)
  if (json.length > kind.maxBytes) throw tooLong(kind.maxBytes)
  return { json, signature: keypair.sign(kind.context, json) }
}

/** What the document says, or undefined where `signer` did not sign it. Throws 'invalid'. */
export function openDocument<S extends v.GenericSchema>(
  kind: DocumentKind<S>,
  crypto: Crypto,
  signer: AgentId,
  signed: SignedBytes,
): v.InferOutput<S> | undefined {
  checkLengths(signed, kind.maxBytes)
  if (!verify(crypto, signer, kind.context, signed.json, signed.signature)) return undefined
  return parseShape(kind.schema, signed.json, kind.name)
}

/** Bytes of our own, so that a document does not keep the frame alive that it came in. */
export function copySigned(signed: SignedBytes): SignedBytes {
  return { json: signed.json.slice(), signature: signed.signature.slice() }
}

function checkLengths(signed: SignedBytes, maxBytes: number): SignedBytes {
  if (signed.json.length > maxBytes) throw tooLong(maxBytes)
  if (signed.signature.length === signatureLength) return signed
  throw new MeshError('invalid', `the signature is not ${signatureLength} bytes long`)
}

function tooLong(maxBytes: number): MeshError {
  return new MeshError('invalid', `the document has more than ${maxBytes} bytes`)
}
