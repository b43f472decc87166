// Golden vectors for the Java side, computed by viem: digests, ids, nonces and signatures.
//   node vectors.mjs          writes them
//   node vectors.mjs --check  fails if what is committed is not what viem computes

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  bytesToHex, concat, getAddress, hashDomain, hashStruct, hashTypedData, hexToBytes, keccak256,
  padHex, stringToHex, toHex, zeroAddress,
} from 'viem'
import { privateKeyToAccount, publicKeyToAddress, sign } from 'viem/accounts'
import * as signing from './typed.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const file = join(here, '../../test/resources/io/tollstream/channels/evm/vectors.json')

const CHAINS = [314, 314159, 31337, 1]
const NAMES = [signing.DEFAULT_DOMAIN, 'Tempo Stream Channel', 'Zahlungskanal für Bytes', '']
const AMOUNTS = [0n, 1n, 2n ** 64n, 2n ** 128n - 1n]
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
// The smallest key, the greatest, and two in between.
const KEYS = [toHex(1n, { size: 32 }), keccak256(stringToHex('tollstream payer')),
  keccak256(stringToHex('tollstream payee')), toHex(N - 1n, { size: 32 })]
const VALID = { validAfter: 0n, validBefore: 1893456000n }

const word = (text) => keccak256(stringToHex(text))
const address = (text) => getAddress(`0x${word(text).slice(26)}`)
const party = (i) => privateKeyToAccount(KEYS[i % KEYS.length])
const at = (list, i) => list[i % list.length]

/** Hashes and signs typed data; gives every part of the digest, to show where one goes wrong. */
async function signed(data, privateKey) {
  const hash = hashTypedData(data)
  const { domain, types } = data
  const domainSeparator = hashDomain({ domain, types: { EIP712Domain: domainFields(domain) } })
  const structHash = hashStruct({ data: data.message, primaryType: data.primaryType, types })
  assert.equal(keccak256(concat(['0x1901', domainSeparator, structHash])), hash)
  return {
    domainSeparator,
    structHash,
    digest: hash,
    privateKey,
    address: privateKeyToAccount(privateKey).address,
    signature: await sign({ hash, privateKey, to: 'hex' }),
  }
}

function domainFields(domain) {
  const all = [
    { name: 'name', type: 'string' },
    { name: 'version', type: 'string' },
    { name: 'chainId', type: 'uint256' },
    { name: 'verifyingContract', type: 'address' },
  ]
  return all.filter(({ name }) => name in domain)
}

const flat = (data, o) => ({ domain: data.domain, ...o })

const channelOf = (i) => ({
  payer: party(1).address,
  payee: party(2).address,
  token: i === 3 ? zeroAddress : address(`token ${i}`),
  salt: i === 0 ? padHex('0x', { size: 32 }) : word(`salt ${i}`),
  authorizedSigner: i % 2 ? party(0).address : zeroAddress,
})
const escrowOf = (i) => address(`escrow ${i}`)
const channelIdAt = (i) => signing.channelIdOf(channelOf(i), escrowOf(i), at(CHAINS, i))
const domainOf = (i, name) => signing.escrowDomain(at(CHAINS, i), escrowOf(i), name)

const channelIds = CHAINS.map((chainId, i) =>
  ({ ...channelOf(i), escrow: escrowOf(i), chainId, channelId: channelIdAt(i) }))

async function vouchers() {
  const cases = []
  for (const [i] of CHAINS.entries()) {
    for (const [j, cumulativeAmount] of AMOUNTS.entries()) {
      const message = { channelId: channelIdAt(i), cumulativeAmount }
      const data = signing.typed(domainOf(i, at(NAMES, i + j)), 'Voucher', message)
      cases.push(flat(data, { ...message, ...(await signed(data, at(KEYS, j))) }))
    }
  }
  return cases
}

async function payeeAuthorizations(primaryType) {
  return Promise.all(AMOUNTS.map(async (cumulativeAmount, i) => {
    const message = {
      channelId: channelIdAt(i), cumulativeAmount, nonce: [0n, 1n, 2n ** 64n, 2n ** 256n - 1n][i],
      deadline: 1800000000n + BigInt(i),
    }
    const data = signing.typed(domainOf(i), primaryType, message)
    return flat(data, { ...message, ...(await signed(data, KEYS[2])) })
  }))
}

async function receive(i, value, nonce) {
  const { payer, token } = channelOf(i)
  const message = { from: payer, to: escrowOf(i), value, ...VALID, nonce }
  const domain = signing.tokenDomain(at(CHAINS, i), token)
  const data = signing.typed(domain, 'ReceiveWithAuthorization', message)
  return flat(data, { ...message, ...(await signed(data, KEYS[1])) })
}

const openAuthorizations = () => Promise.all([0, 1, 2].map(async (i) => {
  const { payer: from, ...c } = channelOf(i)
  return { ...c, ...(await receive(i, AMOUNTS[i + 1], signing.openNonce({ ...c, from }))) }
}))

const topUpAuthorizations = () => Promise.all([0, 1, 2].map(async (i) => {
  const t = {
    channelId: channelIdAt(i), additionalDeposit: AMOUNTS[i + 1], from: channelOf(i).payer,
    topUpSalt: word(`top-up salt ${i}`),
  }
  return { ...t, ...(await receive(i, t.additionalDeposit, signing.topUpNonce(t))) }
}))

const permit2 = (witnessType, witnessOf) => Promise.all([0, 1, 2].map(async (i) => {
  const contract = i === 2 ? address('another permit2') : signing.CANONICAL_PERMIT2
  const message = {
    permitted: { token: channelOf(i).token, amount: AMOUNTS[i + 1] }, spender: escrowOf(i),
    nonce: [0n, 1n, 2n ** 255n][i], deadline: 1893456000n, witness: witnessOf(i),
  }
  const data = signing.permit2Typed(at(CHAINS, i), contract, witnessType, message)
  return flat(data, { ...message, ...(await signed(data, KEYS[1])) })
}))

const openWitness = (i) => {
  const { payee, salt, authorizedSigner } = channelOf(i)
  return { payee, salt, authorizedSigner }
}

// Around Keccak's block of 136 bytes, where padding goes wrong.
const keccak = [0, 1, 31, 32, 64, 135, 136, 137, 271, 272, 1000].map((length) => {
  const input = Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 256)
  return { input: bytesToHex(input), hash: keccak256(input) }
})

const accounts = KEYS.map((privateKey) => {
  const { publicKey } = privateKeyToAccount(privateKey)
  return { privateKey, publicKey, address: publicKeyToAddress(publicKey) }
})

const checksums = [
  '0x0000000000000000000000000000000000000000', '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed',
  '0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359', '0xde709f2102306220921060314715629080e2fb77',
  '0xffffffffffffffffffffffffffffffffffffffff',
].map((lower) => ({ lower, checksum: getAddress(lower) }))

/** A signature, and what it can be spoiled into; none of that may count as the signer's. */
function malleated([voucher]) {
  const bytes = hexToBytes(voucher.signature)
  const [r, s] = [voucher.signature.slice(2, 66), BigInt(`0x${voucher.signature.slice(66, 130)}`)]
  const low = s.toString(16).padStart(64, '0')
  const v = bytes[64]
  const hex = (...parts) => `0x${parts.join('')}`
  const pair = (newS, newV) =>
    hex(r, newS.toString(16).padStart(64, '0'), newV.toString(16).padStart(2, '0'))
  const { digest, address: signer } = voucher
  return {
    digest,
    address: signer,
    accepted: voucher.signature,
    refused: {
      highS: pair(N - s, 55 - v),
      otherV: pair(s, 55 - v),
      vZeroOrOne: pair(s, v - 27),
      compact: pair(s | (BigInt(v - 27) << 255n), 0).slice(0, 130),
      tooLong: `${voucher.signature}00`,
      zeroR: hex('0'.repeat(64), low, v.toString(16)),
      zeroS: hex(r, '0'.repeat(64), v.toString(16)),
      rNotBelowOrder: hex(N.toString(16), low, v.toString(16)),
      empty: '0x',
    },
  }
}

async function vectors() {
  const voucherCases = await vouchers()
  return {
    channelIds,
    vouchers: voucherCases,
    malleated: malleated(voucherCases),
    settleAuthorizations: await payeeAuthorizations('SettleAuthorization'),
    closeAuthorizations: await payeeAuthorizations('CloseAuthorization'),
    openAuthorizations: await openAuthorizations(),
    topUpAuthorizations: await topUpAuthorizations(),
    permit2Opens: await permit2('ChannelOpenWitness', openWitness),
    permit2TopUps: await permit2('ChannelTopUpWitness', (i) => ({ channelId: channelIdAt(i) })),
    keccak256: keccak,
    accounts,
    checksums,
  }
}

// Amounts, nonces and times may exceed what JSON numbers carry, so they are decimal strings.
const plain = (_, value) => (typeof value === 'bigint' ? value.toString() : value)
const text = `${JSON.stringify(await vectors(), plain, 2)}\n`
if (!process.argv.includes('--check')) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
} else if (text !== readFileSync(file, { encoding: 'utf8', flag: 'a+' })) {
  console.error('vectors.json is not what viem computes: run npm run vectors and commit it')
  process.exitCode = 1
}
