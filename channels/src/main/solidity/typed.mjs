// Everything that is signed or derived around the escrow, as viem typed data.

import { encodeAbiParameters, keccak256 } from 'viem'

export const CANONICAL_PERMIT2 = '0x000000000022D473030F116dDEE9F6B43aC78BA3'
export const DEFAULT_DOMAIN = 'EVM Payment Channel'

const fields = (text) => text.split(',').map((field) => {
  const [type, name] = field.split(' ')
  return { name, type }
})

const relayed = fields('bytes32 channelId,uint128 cumulativeAmount,uint256 nonce,uint256 deadline')
const transfer = fields(
  'address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce')
const TokenPermissions = fields('address token,uint256 amount')
const permit = (witness) => fields(
  `TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,${witness} witness`)

const types = {
  Voucher: { Voucher: fields('bytes32 channelId,uint128 cumulativeAmount') },
  SettleAuthorization: { SettleAuthorization: relayed },
  CloseAuthorization: { CloseAuthorization: relayed },
  TransferWithAuthorization: { TransferWithAuthorization: transfer },
  ReceiveWithAuthorization: { ReceiveWithAuthorization: transfer },
  CancelAuthorization: { CancelAuthorization: fields('address authorizer,bytes32 nonce') },
  Permit: {
    Permit: fields('address owner,address spender,uint256 value,uint256 nonce,uint256 deadline'),
  },
}

const witnesses = {
  ChannelOpenWitness: fields('address payee,bytes32 salt,address authorizedSigner'),
  ChannelTopUpWitness: fields('bytes32 channelId'),
}

export const escrowDomain = (chainId, verifyingContract, name = DEFAULT_DOMAIN) =>
  ({ name, version: '1', chainId, verifyingContract })

export const tokenDomain = (chainId, verifyingContract) =>
  ({ name: 'Test USD', version: '1', chainId, verifyingContract })

/** Typed data of one of the `types` above. */
export const typed = (domain, primaryType, message) =>
  ({ domain, types: types[primaryType], primaryType, message })

/** Permit2's typed data with one of the draft's witnesses; its domain has no version. */
export const permit2Typed = (chainId, permit2, witness, message) => ({
  domain: { name: 'Permit2', chainId, verifyingContract: permit2 },
  types: {
    PermitWitnessTransferFrom: permit(witness),
    [witness]: witnesses[witness],
    TokenPermissions,
  },
  primaryType: 'PermitWitnessTransferFrom',
  message,
})

const hashOf = (signature, values) =>
  keccak256(encodeAbiParameters(signature.split(',').map((type) => ({ type })), values))

export const channelIdOf = (c, escrow, chainId) => hashOf(
  'address,address,address,bytes32,address,address,uint256',
  [c.payer, c.payee, c.token, c.salt, c.authorizedSigner, escrow, BigInt(chainId)])

export const openNonce = (c) => hashOf(
  'address,address,address,bytes32,address',
  [c.from, c.payee, c.token, c.salt, c.authorizedSigner])

export const topUpNonce = (t) => hashOf(
  'bytes32,uint128,address,bytes32', [t.channelId, t.additionalDeposit, t.from, t.topUpSalt])
