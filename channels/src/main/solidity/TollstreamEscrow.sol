// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IPermit2} from "./IPermit2.sol";
import {IReceiveWithAuthorization} from "./IReceiveWithAuthorization.sol";
import {ITollstreamEscrow} from "./ITollstreamEscrow.sol";

/// @title TollstreamEscrow: the channel escrow of draft-evm-session-00, with its whole relayed
/// profile
/// @dev What must always hold: for every token, and for native coin, the balance of this contract
/// covers the sum of deposit - settled over all channels that are not finalized, plus what is owed.
/// Therefore
/// - records are never deleted and `finalized` is never cleared ("Channel Re-Use");
/// - a deposit counts only if the balance grew by exactly that much, so a token that takes fees
///   reverts;
/// - state is written before coin or tokens leave ("Reentrancy"), and every function that moves
///   value is guarded on top. The guard is the one in storage: Filecoin's EVM got transient storage
///   late, and keeps it in ordinary storage, so the transient guard would be less portable there
///   and no cheaper.
///
/// Rebasing tokens, and tokens that can lower this contract's balance, must not be used with it.
contract TollstreamEscrow is ITollstreamEscrow, EIP712, ReentrancyGuard {
    using SafeERC20 for IERC20;

    /// @dev One channel in four slots, the last of which stays zero for a channel of native coin
    /// whose payer signs; `extended` says so at no cost. The delegated signer is cut in two because
    /// its 20 bytes fit in what the other slots leave free, while a fifth slot would cost every
    /// open 22,000 gas.
    struct Record {
        address payer;
        uint64 closeRequestedAt;
        // ---
        address payee;
        bool finalized;
        bool extended;
        uint64 signerLow;
        // ---
        uint128 deposit;
        uint128 settled;
        // ---
        address token;
        uint96 signerHigh;
    }

    uint64 private constant MIN_GRACE_PERIOD = 10 minutes;

    /// @dev First 12 bytes of an address that stands for a Filecoin actor id: 0xff and eleven
    /// zeros.
    uint256 private constant MASKED_ID_PREFIX = 0xff << 88;

    bytes32 private constant VOUCHER_TYPEHASH =
        keccak256("Voucher(bytes32 channelId,uint128 cumulativeAmount)");
    bytes32 private constant SETTLE_TYPEHASH = keccak256(
        "SettleAuthorization(bytes32 channelId,uint128 cumulativeAmount,"
        "uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant CLOSE_TYPEHASH = keccak256(
        "CloseAuthorization(bytes32 channelId,uint128 cumulativeAmount,"
        "uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant OPEN_WITNESS_TYPEHASH =
        keccak256("ChannelOpenWitness(address payee,bytes32 salt,address authorizedSigner)");
    bytes32 private constant TOP_UP_WITNESS_TYPEHASH =
        keccak256("ChannelTopUpWitness(bytes32 channelId)");
    string private constant OPEN_WITNESS_STRING =
        "ChannelOpenWitness witness)"
        "ChannelOpenWitness(address payee,bytes32 salt,address authorizedSigner)"
        "TokenPermissions(address token,uint256 amount)";
    string private constant TOP_UP_WITNESS_STRING =
        "ChannelTopUpWitness witness)"
        "ChannelTopUpWitness(bytes32 channelId)"
        "TokenPermissions(address token,uint256 amount)";

    /// @inheritdoc ITollstreamEscrow
    uint64 public immutable CLOSE_GRACE_PERIOD;
    /// @inheritdoc ITollstreamEscrow
    address public immutable PERMIT2;

    /// @inheritdoc ITollstreamEscrow
    mapping(address account => uint256 amount) public owed;
    mapping(bytes32 channelId => Record) private _channels;
    /// @dev Nonces in bitmaps of 256, so that counting payees pay for a fresh slot once in 256
    /// times. The draft's key (payee, channelId, nonce) needs no payee here: the channelId commits
    /// to it.
    mapping(bytes32 channelId => mapping(uint256 word => uint256 bits)) private _usedNonces;

    /// @param domainName EIP-712 domain name; "EVM Payment Channel" for this draft
    /// @param gracePeriodSeconds at least 10 minutes ("Forced Close"); 15 minutes is the reference
    /// @param permit2 the chain's Permit2 deployment, or zero if it has none
    constructor(
        string memory domainName,
        uint64 gracePeriodSeconds,
        address permit2
    ) EIP712(domainName, "1") {
        if (gracePeriodSeconds < MIN_GRACE_PERIOD) revert GracePeriodTooShort();
        CLOSE_GRACE_PERIOD = gracePeriodSeconds;
        PERMIT2 = permit2;
    }

    // ---- Payer ----

    /// @inheritdoc ITollstreamEscrow
    function open(
        address payee,
        address token,
        uint128 deposit,
        bytes32 salt,
        address authorizedSigner
    ) external payable nonReentrant returns (bytes32 channelId) {
        channelId = _create(msg.sender, payee, token, deposit, salt, authorizedSigner);
        _collect(token, deposit);
    }

    /// @inheritdoc ITollstreamEscrow
    function topUp(bytes32 channelId, uint128 additionalDeposit) external payable nonReentrant {
        Record storage channel = _live(channelId);
        if (msg.sender != channel.payer) revert NotPayer();
        _credit(channelId, channel, additionalDeposit, msg.sender);
        _collect(_tokenOf(channel), additionalDeposit);
    }

    /// @inheritdoc ITollstreamEscrow
    function requestClose(bytes32 channelId) external {
        Record storage channel = _live(channelId);
        if (msg.sender != channel.payer) revert NotPayer();
        uint256 requestedAt = channel.closeRequestedAt;
        if (requestedAt == 0) {
            requestedAt = block.timestamp;
            channel.closeRequestedAt = uint64(requestedAt);
        }
        emit CloseRequested(channelId, requestedAt + CLOSE_GRACE_PERIOD);
    }

    /// @inheritdoc ITollstreamEscrow
    function withdraw(bytes32 channelId) external nonReentrant {
        Record storage channel = _live(channelId);
        if (msg.sender != channel.payer) revert NotPayer();
        uint256 requestedAt = channel.closeRequestedAt;
        // Without the test for zero, a payer could withdraw at once and leave its vouchers unpaid.
        if (requestedAt == 0 || block.timestamp < requestedAt + CLOSE_GRACE_PERIOD) {
            revert CloseNotReady();
        }
        channel.finalized = true;
        uint128 refund = channel.deposit - channel.settled;
        emit ChannelWithdrawn(channelId, refund);
        _pay(channelId, _tokenOf(channel), msg.sender, refund);
    }

    // ---- Payee ----

    /// @inheritdoc ITollstreamEscrow
    function settle(
        bytes32 channelId,
        uint128 cumulativeAmount,
        bytes calldata signature
    ) external nonReentrant {
        Record storage channel = _live(channelId);
        if (msg.sender != channel.payee) revert NotPayee();
        _settle(channelId, channel, cumulativeAmount, signature);
    }

    /// @inheritdoc ITollstreamEscrow
    function close(
        bytes32 channelId,
        uint128 cumulativeAmount,
        bytes calldata signature
    ) external nonReentrant {
        Record storage channel = _live(channelId);
        if (msg.sender != channel.payee) revert NotPayee();
        _close(channelId, channel, cumulativeAmount, signature);
    }

    /// @inheritdoc ITollstreamEscrow
    function settleMany(
        address token,
        Settlement[] calldata settlements
    ) external nonReentrant returns (bytes4[] memory refusals) {
        refusals = new bytes4[](settlements.length);
        uint256 total = 0;
        for (uint256 i = 0; i < settlements.length; ++i) {
            Settlement calldata item = settlements[i];
            Record storage channel = _channels[item.channelId];
            bytes4 refusal = _refusal(channel, token, item);
            if (refusal != 0) {
                refusals[i] = refusal;
                emit SettlementRefused(item.channelId, refusal);
                continue;
            }
            uint128 delta = item.cumulativeAmount - channel.settled;
            _redeem(item.channelId, channel, item.cumulativeAmount, delta);
            total += delta;
        }
        if (total == 0) revert NothingToSettle();
        _pay(bytes32(0), token, msg.sender, total);
    }

    // ---- Relayers ----

    /// @inheritdoc ITollstreamEscrow
    function openWithAuthorization(
        address payee,
        address token,
        uint128 deposit,
        bytes32 salt,
        address authorizedSigner,
        address from,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external nonReentrant returns (bytes32 channelId) {
        // The only thing that binds the payer's signature to this channel ("Front-Running
        // Protection").
        if (nonce != keccak256(abi.encode(from, payee, token, salt, authorizedSigner))) {
            revert NonceMismatch();
        }
        channelId = _create(from, payee, token, deposit, salt, authorizedSigner);
        _receive(token, deposit, from, validAfter, validBefore, nonce, signature);
    }

    /// @inheritdoc ITollstreamEscrow
    function topUpWithAuthorization(
        bytes32 channelId,
        uint128 additionalDeposit,
        address from,
        bytes32 topUpSalt,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external nonReentrant {
        if (nonce != keccak256(abi.encode(channelId, additionalDeposit, from, topUpSalt))) {
            revert NonceMismatch();
        }
        Record storage channel = _live(channelId);
        _credit(channelId, channel, additionalDeposit, from);
        _receive(
            _tokenOf(channel), additionalDeposit, from, validAfter, validBefore, nonce, signature
        );
    }

    /// @inheritdoc ITollstreamEscrow
    function openWithPermit2(
        address payee,
        address token,
        uint128 deposit,
        bytes32 salt,
        address authorizedSigner,
        address from,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external nonReentrant returns (bytes32 channelId) {
        channelId = _create(from, payee, token, deposit, salt, authorizedSigner);
        bytes32 witness =
            keccak256(abi.encode(OPEN_WITNESS_TYPEHASH, payee, salt, authorizedSigner));
        _permit(token, deposit, from, nonce, deadline, witness, OPEN_WITNESS_STRING, signature);
    }

    /// @inheritdoc ITollstreamEscrow
    function topUpWithPermit2(
        bytes32 channelId,
        uint128 additionalDeposit,
        address from,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external nonReentrant {
        Record storage channel = _live(channelId);
        _credit(channelId, channel, additionalDeposit, from);
        bytes32 witness = keccak256(abi.encode(TOP_UP_WITNESS_TYPEHASH, channelId));
        _permit(
            _tokenOf(channel),
            additionalDeposit,
            from,
            nonce,
            deadline,
            witness,
            TOP_UP_WITNESS_STRING,
            signature
        );
    }

    /// @inheritdoc ITollstreamEscrow
    function settleWithAuthorization(
        bytes32 channelId,
        uint128 cumulativeAmount,
        uint256 nonce,
        uint256 deadline,
        bytes calldata payeeSignature,
        bytes calldata voucherSignature
    ) external nonReentrant {
        Record storage channel = _live(channelId);
        bytes32 structHash =
            keccak256(abi.encode(SETTLE_TYPEHASH, channelId, cumulativeAmount, nonce, deadline));
        _authorize(channelId, channel.payee, nonce, deadline, structHash, payeeSignature);
        _settle(channelId, channel, cumulativeAmount, voucherSignature);
    }

    /// @inheritdoc ITollstreamEscrow
    function closeWithAuthorization(
        bytes32 channelId,
        uint128 cumulativeAmount,
        uint256 nonce,
        uint256 deadline,
        bytes calldata payeeSignature,
        bytes calldata voucherSignature
    ) external nonReentrant {
        Record storage channel = _live(channelId);
        bytes32 structHash =
            keccak256(abi.encode(CLOSE_TYPEHASH, channelId, cumulativeAmount, nonce, deadline));
        _authorize(channelId, channel.payee, nonce, deadline, structHash, payeeSignature);
        _close(channelId, channel, cumulativeAmount, voucherSignature);
    }

    // ---- Recipients who refused coin ----

    /// @inheritdoc ITollstreamEscrow
    function claim(address to) external nonReentrant {
        uint256 amount = owed[msg.sender];
        if (amount == 0) revert NothingOwed();
        owed[msg.sender] = 0;
        emit PaymentClaimed(msg.sender, to, amount);
        if (!_send(to, amount)) revert TransferFailed();
    }

    // ---- Views ----

    /// @inheritdoc ITollstreamEscrow
    function computeChannelId(
        address payer,
        address payee,
        address token,
        bytes32 salt,
        address authorizedSigner
    ) public view returns (bytes32 channelId) {
        return keccak256(
            abi.encode(payer, payee, token, salt, authorizedSigner, address(this), block.chainid)
        );
    }

    /// @inheritdoc ITollstreamEscrow
    function getChannel(bytes32 channelId) external view returns (Channel memory) {
        Record storage channel = _channels[channelId];
        return Channel(
            channel.payer,
            channel.payee,
            channel.token,
            _delegateOf(channel),
            channel.deposit,
            channel.settled,
            channel.closeRequestedAt,
            channel.finalized
        );
    }

    /// @inheritdoc ITollstreamEscrow
    function isNonceUsed(bytes32 channelId, uint256 nonce) external view returns (bool used) {
        return _usedNonces[channelId][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// @inheritdoc ITollstreamEscrow
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc ITollstreamEscrow
    function getVoucherDigest(
        bytes32 channelId,
        uint128 cumulativeAmount
    ) external view returns (bytes32 digest) {
        return _hashTypedDataV4(_voucherHash(channelId, cumulativeAmount));
    }

    // ---- Records ----

    /// @dev The channel, which must exist and not be finalized. A payee is never zero, so it tells.
    function _live(bytes32 channelId) private view returns (Record storage channel) {
        channel = _channels[channelId];
        if (channel.payee == address(0)) revert ChannelNotFound();
        if (channel.finalized) revert ChannelFinalized();
    }

    function _create(
        address payer,
        address payee,
        address token,
        uint128 deposit,
        bytes32 salt,
        address authorizedSigner
    ) private returns (bytes32 channelId) {
        if (deposit == 0) revert ZeroDeposit();
        if (
            payee == address(0) || payee == address(this)
                || uint256(uint160(payee)) >> 64 == MASKED_ID_PREFIX
        ) revert InvalidPayee();
        channelId = computeChannelId(payer, payee, token, salt, authorizedSigner);
        Record storage channel = _channels[channelId];
        if (channel.payee != address(0)) revert ChannelAlreadyExists();
        channel.payer = payer;
        channel.payee = payee;
        channel.deposit = deposit;
        if (token != address(0) || authorizedSigner != address(0)) {
            channel.extended = true;
            channel.signerLow = uint64(uint160(authorizedSigner));
            channel.token = token;
            channel.signerHigh = uint96(uint160(authorizedSigner) >> 64);
        }
        emit ChannelOpened(channelId, payer, payee, token, authorizedSigner, salt, deposit);
    }

    function _credit(
        bytes32 channelId,
        Record storage channel,
        uint128 amount,
        address from
    ) private {
        if (amount == 0) revert ZeroDeposit();
        uint128 deposit = channel.deposit;
        if (amount > type(uint128).max - deposit) revert DepositOverflow();
        deposit += amount;
        channel.deposit = deposit;
        emit ChannelToppedUp(channelId, amount, deposit);
        if (from == channel.payer && channel.closeRequestedAt != 0) {
            channel.closeRequestedAt = 0;
            emit CloseRequestCancelled(channelId);
        }
    }

    function _settle(
        bytes32 channelId,
        Record storage channel,
        uint128 cumulativeAmount,
        bytes calldata signature
    ) private {
        uint128 settled = channel.settled;
        if (cumulativeAmount <= settled) revert AmountNotIncreasing();
        if (cumulativeAmount > channel.deposit) revert AmountExceedsDeposit();
        _checkVoucher(channelId, channel, cumulativeAmount, signature);
        uint128 delta = cumulativeAmount - settled;
        _redeem(channelId, channel, cumulativeAmount, delta);
        _pay(channelId, _tokenOf(channel), channel.payee, delta);
    }

    /// @dev Why an item of a batch cannot be settled: the selector of an error, or zero. One item
    /// must not stop the rest, so nothing here reverts, and no signer is called: a contract could
    /// burn the gas of the whole batch.
    function _refusal(
        Record storage channel,
        address token,
        Settlement calldata item
    ) private view returns (bytes4) {
        if (channel.payee == address(0)) return ChannelNotFound.selector;
        if (channel.finalized) return ChannelFinalized.selector;
        if (channel.payee != msg.sender) return NotPayee.selector;
        if (_tokenOf(channel) != token) return TokenMismatch.selector;
        if (item.cumulativeAmount <= channel.settled) return AmountNotIncreasing.selector;
        if (item.cumulativeAmount > channel.deposit) return AmountExceedsDeposit.selector;
        bytes32 digest = _hashTypedDataV4(_voucherHash(item.channelId, item.cumulativeAmount));
        (address recovered, ECDSA.RecoverError failure,) =
            ECDSA.tryRecover(digest, item.v, item.r, item.s);
        return failure == ECDSA.RecoverError.NoError && recovered == _signerOf(channel)
            ? bytes4(0)
            : InvalidSignature.selector;
    }

    /// @dev Writes down what a checked voucher is worth, for the caller to pay.
    function _redeem(
        bytes32 channelId,
        Record storage channel,
        uint128 cumulativeAmount,
        uint128 delta
    ) private {
        channel.settled = cumulativeAmount;
        emit ChannelSettled(channelId, cumulativeAmount, delta);
    }

    function _close(
        bytes32 channelId,
        Record storage channel,
        uint128 cumulativeAmount,
        bytes calldata signature
    ) private {
        uint128 settled = channel.settled;
        uint128 deposit = channel.deposit;
        if (cumulativeAmount > deposit) revert AmountExceedsDeposit();
        uint128 delta = 0;
        if (cumulativeAmount > settled) {
            _checkVoucher(channelId, channel, cumulativeAmount, signature);
            delta = cumulativeAmount - settled;
            settled = cumulativeAmount;
            channel.settled = settled;
        }
        channel.finalized = true;
        emit ChannelClosed(channelId, settled, delta, deposit - settled);
        address token = _tokenOf(channel);
        _pay(channelId, token, channel.payee, delta);
        if (deposit != settled) _pay(channelId, token, channel.payer, deposit - settled);
    }

    function _tokenOf(Record storage channel) private view returns (address) {
        return channel.extended ? channel.token : address(0);
    }

    /// @dev The signer the payer delegated to, or zero.
    function _delegateOf(Record storage channel) private view returns (address) {
        if (!channel.extended) return address(0);
        return address((uint160(channel.signerHigh) << 64) | channel.signerLow);
    }

    function _signerOf(Record storage channel) private view returns (address) {
        address delegate = _delegateOf(channel);
        return delegate == address(0) ? channel.payer : delegate;
    }

    // ---- Signatures ----

    function _voucherHash(
        bytes32 channelId,
        uint128 cumulativeAmount
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(VOUCHER_TYPEHASH, channelId, cumulativeAmount));
    }

    function _checkVoucher(
        bytes32 channelId,
        Record storage channel,
        uint128 cumulativeAmount,
        bytes calldata signature
    ) private view {
        _checkSignature(
            _signerOf(channel), _voucherHash(channelId, cumulativeAmount), signature
        );
    }

    /// @dev Checks and consumes a payee's authorization ("Payee-initiated functions"). Settle and
    /// close share one set of used nonces.
    function _authorize(
        bytes32 channelId,
        address payee,
        uint256 nonce,
        uint256 deadline,
        bytes32 structHash,
        bytes calldata signature
    ) private {
        if (block.timestamp > deadline) revert AuthorizationExpired();
        uint256 bit = 1 << (nonce & 0xff);
        uint256 used = _usedNonces[channelId][nonce >> 8];
        if (used & bit != 0) revert NonceAlreadyUsed();
        _usedNonces[channelId][nonce >> 8] = used | bit;
        _checkSignature(payee, structHash, signature);
    }

    /// @dev Accepts 65 bytes of ECDSA with low s ("Signature Verification"), else asks the signer
    /// by ERC-1271. ECDSA goes first even where the signer has code: a payer that signs with a key
    /// and then delegates its account to code (EIP-7702) must not be able to void the vouchers it
    /// gave.
    function _checkSignature(
        address signer,
        bytes32 structHash,
        bytes calldata signature
    ) private view {
        bytes32 digest = _hashTypedDataV4(structHash);
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecover(digest, signature);
        if (failure == ECDSA.RecoverError.NoError && recovered == signer) return;
        if (!SignatureChecker.isValidERC1271SignatureNow(signer, digest, signature)) {
            revert InvalidSignature();
        }
    }

    // ---- Value in ----

    function _collect(address token, uint256 amount) private {
        if (msg.value != (token == address(0) ? amount : 0)) revert WrongNativeValue();
        if (token == address(0)) return;
        uint256 before = _balance(token);
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        _checkReceived(token, before, amount);
    }

    function _receive(
        address token,
        uint256 amount,
        address from,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) private {
        if (token == address(0)) revert NativeNotRelayable();
        uint256 before = _balance(token);
        IReceiveWithAuthorization(token).receiveWithAuthorization(
            from, address(this), amount, validAfter, validBefore, nonce, signature
        );
        _checkReceived(token, before, amount);
    }

    function _permit(
        address token,
        uint256 amount,
        address from,
        uint256 nonce,
        uint256 deadline,
        bytes32 witness,
        string memory witnessTypeString,
        bytes calldata signature
    ) private {
        if (token == address(0)) revert NativeNotRelayable();
        if (PERMIT2 == address(0)) revert Permit2NotConfigured();
        uint256 before = _balance(token);
        IPermit2(PERMIT2).permitWitnessTransferFrom(
            IPermit2.PermitTransferFrom(IPermit2.TokenPermissions(token, amount), nonce, deadline),
            IPermit2.SignatureTransferDetails(address(this), amount),
            from,
            witness,
            witnessTypeString,
            signature
        );
        _checkReceived(token, before, amount);
    }

    function _balance(address token) private view returns (uint256) {
        return IERC20(token).balanceOf(address(this));
    }

    function _checkReceived(address token, uint256 before, uint256 amount) private view {
        uint256 balance = _balance(token);
        if (balance < before || balance - before != amount) revert DepositMismatch();
    }

    // ---- Value out ----

    /// @dev Pays a token, or native coin. Coin that the recipient refuses is kept for it to claim,
    /// so that neither side of a channel can block the other's money.
    function _pay(bytes32 channelId, address token, address to, uint256 amount) private {
        if (amount == 0) return;
        if (token != address(0)) {
            IERC20(token).safeTransfer(to, amount);
        } else if (!_send(to, amount)) {
            owed[to] += amount;
            emit PaymentDeferred(channelId, to, amount);
        }
    }

    /// @dev Sends native coin with 7/8 of the gas left, and without copying what comes back. The
    /// eighth kept lets a payment be deferred even to a recipient that burns all it gets; it is
    /// small enough that a wallet of ordinary appetite never runs dry because somebody estimated
    /// gas tightly. A fixed stipend would not do: gas costs differ by orders of magnitude between
    /// chains.
    function _send(address to, uint256 amount) private returns (bool sent) {
        assembly ("memory-safe") {
            sent := call(sub(gas(), shr(3, gas())), to, amount, 0, 0, 0, 0)
        }
    }
}
