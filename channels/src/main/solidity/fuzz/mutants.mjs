// Breaks the escrow in one place at a time, and fails unless the fuzzing notices each time.
//   node fuzz/mutants.mjs [PART-OF-A-NAME]

import { compile } from '../compile.mjs'
import { fuzz, randomSeed } from './forge.mjs'

// [what is broken, what stands there, what stands there instead]
const mutants = [
  ['an untouched escrow', '', ''],
  ['withdraw does not finalize',
    'channel.finalized = true;\n        uint128 refund',
    'uint128 refund'],
  ['withdraw does not wait',
    'requestedAt == 0 || block.timestamp < requestedAt + CLOSE_GRACE_PERIOD',
    'block.timestamp < requestedAt'],
  ['withdraw comes a second early',
    '< requestedAt + CLOSE_GRACE',
    '+ 1 < requestedAt + CLOSE_GRACE'],
  ['withdraw refunds the deposit',
    'uint128 refund = channel.deposit - channel.settled;',
    'uint128 refund = channel.deposit;'],
  ['anybody withdraws',
    'if (msg.sender != channel.payer) revert NotPayer();\n'
      + '        uint256 requestedAt = channel.closeRequestedAt;\n'
      + '        // Without',
    'uint256 requestedAt = channel.closeRequestedAt;\n        // Without'],
  ['anybody settles',
    'if (msg.sender != channel.payee) revert NotPayee();\n        _settle',
    '_settle'],
  ['settle looks at no signature',
    '_checkVoucher(channelId, channel, cumulativeAmount, signature);\n        uint128 delta',
    'signature.length;\n        uint128 delta'],
  ['settle pays the total again',
    'uint128 delta = cumulativeAmount - settled;\n        _redeem',
    'uint128 delta = cumulativeAmount;\n        _redeem'],
  ['settle goes above the deposit',
    'if (cumulativeAmount > channel.deposit) revert AmountExceedsDeposit();',
    ''],
  ['settle goes down', 'if (cumulativeAmount <= settled) revert AmountNotIncreasing();\n', ''],
  ['settle writes nothing down', 'channel.settled = cumulativeAmount;', 'channel.settled += 0;'],
  ['a batch pays whom it likes', 'if (channel.payee != msg.sender) return NotPayee.selector;', ''],
  ['a batch mixes tokens', 'if (_tokenOf(channel) != token)', 'if (token == address(this))'],
  ['a batch takes any signature', 'recovered == _signerOf(channel)', 'recovered != address(0)'],
  ['a batch settles what has ended',
    'if (channel.finalized) return ChannelFinalized.selector;',
    ''],
  ['a batch takes the same voucher twice',
    'if (item.cumulativeAmount <= channel.settled) return AmountNotIncreasing.selector;\n'
      + '        ',
    ''],
  ['close keeps the rest', 'if (deposit != settled) _pay(', 'if (false) _pay('],
  ['close does not finalize',
    'channel.finalized = true;\n        emit ChannelClosed',
    'emit ChannelClosed'],
  ['high s counts',
    'ECDSA.tryRecover(digest, signature);\n        if (failure',
    '_loose(digest, signature);\n        if (failure'],
  ['finalized is forgotten', 'if (channel.finalized) revert ChannelFinalized();', ''],
  ['a channel is opened again',
    'if (channel.payee != address(0)) revert ChannelAlreadyExists();',
    ''],
  ['a nonce counts twice', 'if (used & bit != 0) revert NonceAlreadyUsed();', ''],
  ['authorizations never expire', 'if (block.timestamp > deadline)', 'if (deadline == 0)'],
  ['settle and close share a type hash', 'abi.encode(CLOSE_TYPEHASH', 'abi.encode(SETTLE_TYPEHASH'],
  ['an authorization opens any channel',
    'if (nonce != keccak256(abi.encode(from, payee, token, salt, authorizedSigner))) {',
    'if (nonce == 0) {'],
  ['a permit is bound to no payee',
    'keccak256(abi.encode(OPEN_WITNESS_TYPEHASH, payee,',
    'keccak256(abi.encode(OPEN_WITNESS_TYPEHASH, address(0),'],
  ['coin is counted and not looked at',
    'if (msg.value != (token == address(0) ? amount : 0)) revert WrongNativeValue();',
    ''],
  ['a fee goes unnoticed',
    'if (balance < before || balance - before != amount) revert DepositMismatch();',
    'if (balance < before || balance - before > amount) revert DepositMismatch();'],
  ['anybody cancels a close request',
    'if (from == channel.payer && channel',
    'if (from != address(0) && channel'],
  ['a top-up does not cancel it', 'channel.closeRequestedAt = 0;', ''],
  ['a second request restarts the grace', 'if (requestedAt == 0) {', '{'],
  ['claiming leaves the debt', 'owed[msg.sender] = 0;', ''],
  ['refused coin is lost', 'owed[to] += amount;', ''],
  ['deposits overflow',
    'if (amount > type(uint128).max - deposit) revert DepositOverflow();\n'
      + '        deposit += amount;',
    'unchecked { deposit += amount; }'],
  ['no lock on withdraw',
    'function withdraw(bytes32 channelId) external nonReentrant',
    'function withdraw(bytes32 channelId) external'],
]

const LOOSE = `
    function _loose(bytes32 digest, bytes calldata signature)
        private pure returns (address recovered, ECDSA.RecoverError failure, bytes32 none)
    {
        if (signature.length != 65) return (address(0), ECDSA.RecoverError.InvalidSignature, 0);
        recovered = ecrecover(
            digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
    }
}
`

function broken(text, from, to) {
  const parts = text.split(from)
  if (from && parts.length !== 2) throw new Error(`found ${parts.length - 1} times: ${from}`)
  const edited = from ? parts.join(to) : text
  return to.includes('_loose(') ? edited.replace(/}\s*$/, LOOSE) : edited
}

const only = process.argv[2]
const seed = randomSeed()
console.log(`seed ${seed}`)
let survivors = 0
for (const [what, from, to] of mutants) {
  if (only && !what.includes(only)) continue
  // What takes long to compile is not what is tested.
  const edit = (text) => broken(text, from, to)
  const { bytecode } = compile(['TollstreamEscrow'], { viaIR: false }, edit).TollstreamEscrow
  const { held, output } = await fuzz({ seed, bytecode, shrink: false })
  const reason = /\[FAIL: ([^\]]*)\]/.exec(output)?.[1]
  const asExpected = from ? !held && reason : held
  if (!asExpected) survivors++
  console.log(`${asExpected ? 'ok  ' : 'LEFT'} ${what}: ${held ? 'held' : (reason ?? output)}`)
}
console.log(survivors ? `${survivors} not noticed` : 'all noticed')
process.exitCode = survivors ? 1 : 0
