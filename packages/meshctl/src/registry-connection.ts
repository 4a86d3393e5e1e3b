import { createRegistryClient, type RegistryClient } from '@agent-mesh/api'
import { MeshError } from '@agent-mesh/core'
import type { Context } from './home/contexts.js'
import { readSmallFile } from './home/private-file.js'
import { maxConfigBytes } from './limits.js'
import { nodeFetch } from './node-fetch.js'

/** A client of the context's registry; with a token, as the person it belongs to. */
export async function connectRegistry(
  { server, caFile, insecureHttp }: Omit<Context, 'name'>,
  token: string | undefined,
): Promise<RegistryClient> {
  const certificates = caFile === undefined ? undefined : await readCertificates(caFile)
  return createRegistryClient({
    baseUrl: server,
    insecureHttp,
    ...(token === undefined ? {} : { token }),
    fetch: nodeFetch(certificates),
  })
}

async function readCertificates(path: string): Promise<string> {
  const text = await readSmallFile(path, maxConfigBytes)
  if (text === undefined) throw new MeshError('config', `there is no file ${path} (--ca-file)`)
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new MeshError('config', `${path} holds no certificate in PEM form (--ca-file)`)
}
