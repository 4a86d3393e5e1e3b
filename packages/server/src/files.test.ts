import { TempFolder } from '@agent-mesh/testkit'
import { expect, it } from 'vitest'
import { reasonOf, writeWhole } from './files.js'

it('says in words why a file cannot be written', async () => {
  await using folder = await TempFolder.create()
  await writeWhole(folder.file('note'), 'x')
  await expect(writeWhole(folder.file('note/within'), 'x')).rejects.toMatchObject({
    code: 'config',
    message: `${folder.file('note/within')} cannot be written: a part of the path is not a folder`,
  })
  const readOnly = Object.assign(new Error('EROFS: …'), { code: 'EROFS' })
  expect(reasonOf(readOnly, 'x')).toBe('the disk is read-only')
})
