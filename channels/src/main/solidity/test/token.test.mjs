// The local chain's token must behave as the real ones do, or the tests above prove little.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseSignature } from 'viem'
import { tokenDomain, typed } from '../typed.mjs'
import { assertRefused, changes, useWorld } from './suite.mjs'
import { NEVER } from './world.mjs'

const w = {}

const signed = async (primaryType, message, by = w.payer) => {
  const domain = tokenDomain(w.chainId, w.token.address)
  const signature = await by.signTypedData(typed(domain, primaryType, message))
  const { v, r, s } = parseSignature(signature)
  return { bytes: [signature], vrs: [Number(v), r, s] }
}
const transfer = (o) => ({
  from: w.payer.address, to: w.other.address, value: 7n, validAfter: 0n, validBefore: NEVER,
  nonce: w.salt(), ...o,
})
const overload = (name, count) => ({
  ...w.token,
  abi: w.token.abi.filter((item) => item.name !== name || item.inputs.length === count),
})
const move = async (name, form, message, { by, from = w.other.address } = {}) => {
  const primaryType = name[0].toUpperCase() + name.slice(1)
  const args = [...Object.values(message), ...(await signed(primaryType, message, by))[form]]
  return w.send(overload(name, args.length), name, args, { from })
}

describe('test token', () => {
  useWorld(w)

  it('metadata_is_sixDecimalTestUsd', async () => {
    assert.equal(await w.read(w.token, 'name'), 'Test USD')
    assert.equal(await w.read(w.token, 'decimals'), 6)
  })

  for (const name of ['transferWithAuthorization', 'receiveWithAuthorization']) {
    for (const form of ['bytes', 'vrs']) {
      it(`${name}_${form}_movesOnce`, async () => {
        const message = transfer()
        const moved = await changes(w, w.token, [w.other.address], () => move(name, form, message))
        assert.deepEqual(moved, [7n])
        const state = [w.payer.address, message.nonce]
        assert.equal(await w.read(w.token, 'authorizationState', state), true)
        await assertRefused(move(name, form, message), 'AuthorizationAlreadyUsed')
      })
    }

    it(`${name}_outsideItsTime_isRefused`, async () => {
      const now = await w.now()
      const early = move(name, 'bytes', transfer({ validAfter: now + 1000n }))
      await assertRefused(early, 'AuthorizationNotYetValid')
      const late = move(name, 'bytes', transfer({ validBefore: now }))
      await assertRefused(late, 'AuthorizationExpired')
    })

    it(`${name}_wrongSigner_isRefused`, async () => {
      await assertRefused(move(name, 'bytes', transfer(), { by: w.other }), 'InvalidAuthorization')
    })
  }

  it('receiveWithAuthorization_notByRecipient_isRefused', async () => {
    const call = move('receiveWithAuthorization', 'bytes', transfer(), { from: w.relayer.address })
    await assertRefused(call, 'CallerNotRecipient')
  })

  for (const form of ['bytes', 'vrs']) {
    it(`cancelAuthorization_${form}_voidsIt`, async () => {
      const message = transfer()
      await move('cancelAuthorization', form, { authorizer: w.payer.address, nonce: message.nonce })
      const spent = move('transferWithAuthorization', 'bytes', message)
      await assertRefused(spent, 'AuthorizationAlreadyUsed')
    })
  }

  it('permit_signed_approves', async () => {
    const [owner, spender] = [w.payer.address, w.relayer.address]
    const message = { owner, spender, value: 9n, nonce: 0n, deadline: NEVER }
    const { vrs } = await signed('Permit', message)
    await w.send(w.token, 'permit', [owner, spender, 9n, NEVER, ...vrs])
    assert.equal(await w.read(w.token, 'allowance', [owner, spender]), 9n)
  })
})
