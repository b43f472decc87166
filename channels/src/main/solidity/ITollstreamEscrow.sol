// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Escrow for one-way payment channels, as laid down by draft-evm-session-00
/// @notice A payer deposits once; vouchers signed off the chain authorize growing cumulative
/// amounts; the payee redeems the best one whenever it likes. Section names below are the draft's.
/// Beyond the draft, token = address(0) stands for the chain's native coin.
interface ITollstreamEscrow {
    /// @notice One channel, as "Channel State" lists it. All zero if it was never opened.
    /// @param authorizedSigner who signs vouchers; zero means the payer
    /// @param deposit everything ever paid in, in base units; closing does not lower it
    /// @param settled the part of the deposit that has gone to the payee
    /// @param closeRequestedAt Unix seconds of the payer's pending close request, 0 if none
    /// @param finalized closed for good; never cleared
    struct Channel {
        address payer;
        address payee;
        address token;
        address authorizedSigner;
        uint128 deposit;
        uint128 settled;
        uint64 closeRequestedAt;
        bool finalized;
    }

    /// @notice A voucher to settle in a batch, its signature in three parts.
    struct Settlement {
        bytes32 channelId;
        uint128 cumulativeAmount;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    // ---- "Contract Errors": the recommended names ----

    error ChannelAlreadyExists();
    error ChannelNotFound();
    error ChannelFinalized();
    error NotPayee();
    error NotPayer();
    error AmountNotIncreasing();
    error AmountExceedsDeposit();
    error InvalidSignature();
    error NonceMismatch();
    error NonceAlreadyUsed();
    error AuthorizationExpired();
    error CloseNotReady();
    error ZeroDeposit();
    error DepositOverflow();

    // ---- What the draft leaves to the implementation ----

    /// @notice The payee is zero, this escrow, or a Filecoin masked id, none of which can be paid
    /// safely.
    error InvalidPayee();
    /// @notice The coin sent differs from the native deposit, or coin came along with a token
    /// deposit.
    error WrongNativeValue();
    /// @notice EIP-3009 and Permit2 move tokens only; native coin comes through open and topUp.
    error NativeNotRelayable();
    /// @notice The token took a fee or otherwise delivered another amount than asked for.
    error DepositMismatch();
    /// @notice This escrow was deployed without a Permit2 address.
    error Permit2NotConfigured();
    error GracePeriodTooShort();
    /// @notice The batch is of another token than the channel.
    error TokenMismatch();
    /// @notice No item of the batch could be settled.
    error NothingToSettle();
    error NothingOwed();
    error TransferFailed();

    // ---- Events: enough for a watcher that reads nothing else ----

    event ChannelOpened(
        bytes32 indexed channelId,
        address indexed payer,
        address indexed payee,
        address token,
        address authorizedSigner,
        bytes32 salt,
        uint128 deposit
    );
    event ChannelToppedUp(bytes32 indexed channelId, uint128 additionalDeposit, uint128 newDeposit);
    event ChannelSettled(bytes32 indexed channelId, uint128 cumulativeAmount, uint128 delta);
    /// @notice A batch went on without this item.
    /// @param reason as in settleMany's refusals
    event SettlementRefused(bytes32 indexed channelId, bytes4 reason);
    /// @param graceEnd Unix seconds from which the payer may withdraw
    event CloseRequested(bytes32 indexed channelId, uint256 graceEnd);
    event CloseRequestCancelled(bytes32 indexed channelId);
    /// @param settled cumulative amount the payee got over the channel's life
    /// @param delta the part of it paid by this close
    event ChannelClosed(bytes32 indexed channelId, uint128 settled, uint128 delta, uint128 refund);
    event ChannelWithdrawn(bytes32 indexed channelId, uint128 refund);
    /// @notice The recipient refused native coin; it waits here until the recipient claims it.
    /// @param channelId zero where the payment was a batch's
    event PaymentDeferred(bytes32 indexed channelId, address indexed account, uint256 amount);
    event PaymentClaimed(address indexed account, address indexed to, uint256 amount);

    // ---- Mandatory core ----

    /// @notice Opens a channel; the caller becomes the payer ("open").
    /// @dev With a token the caller approves this escrow first; with native coin msg.value is the
    /// deposit.
    function open(
        address payee,
        address token,
        uint128 deposit,
        bytes32 salt,
        address authorizedSigner
    ) external payable returns (bytes32 channelId);

    /// @notice Pays the payee up to a voucher's cumulative amount; payee only ("settle").
    function settle(bytes32 channelId, uint128 cumulativeAmount, bytes calldata signature) external;

    /// @notice Adds funds and cancels a pending close request; payer only ("topUp").
    function topUp(bytes32 channelId, uint128 additionalDeposit) external payable;

    /// @notice Pays the payee its last voucher, the payer the rest, and finalizes; payee only
    /// ("close").
    /// @dev An amount at or below what is settled forfeits the rest of the claim and needs no
    /// signature.
    function close(bytes32 channelId, uint128 cumulativeAmount, bytes calldata signature) external;

    /// @notice Starts the grace period after which the payer may withdraw; payer only
    /// ("requestClose").
    /// @dev Asking again changes nothing: the first request keeps its time.
    function requestClose(bytes32 channelId) external;

    /// @notice Refunds what is not settled once the grace period is over; payer only ("withdraw").
    function withdraw(bytes32 channelId) external;

    // ---- "Relayed / Gasless Operations Profile" ----

    /// @notice Opens a channel for `from` with its EIP-3009 authorization; any caller.
    /// @param nonce must be keccak256(abi.encode(from, payee, token, salt, authorizedSigner))
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
    ) external returns (bytes32 channelId);

    /// @notice Opens a channel for `from` with its Permit2 signature over a ChannelOpenWitness; any
    /// caller.
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
    ) external returns (bytes32 channelId);

    /// @notice Adds funds of `from` by EIP-3009; any caller.
    /// @dev Cancels a pending close request only if `from` is the payer: otherwise a payee could
    /// trap the payer's deposit by topping up one base unit per grace period.
    /// @param nonce must be keccak256(abi.encode(channelId, additionalDeposit, from, topUpSalt))
    function topUpWithAuthorization(
        bytes32 channelId,
        uint128 additionalDeposit,
        address from,
        bytes32 topUpSalt,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;

    /// @notice Adds funds of `from` by its Permit2 signature over a ChannelTopUpWitness; any
    /// caller.
    /// @dev Cancels a pending close request only if `from` is the payer, as topUpWithAuthorization
    /// does.
    function topUpWithPermit2(
        bytes32 channelId,
        uint128 additionalDeposit,
        address from,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice settle, authorized by the payee's signature in place of its transaction; any caller.
    function settleWithAuthorization(
        bytes32 channelId,
        uint128 cumulativeAmount,
        uint256 nonce,
        uint256 deadline,
        bytes calldata payeeSignature,
        bytes calldata voucherSignature
    ) external;

    /// @notice close, authorized by the payee's signature in place of its transaction; any caller.
    function closeWithAuthorization(
        bytes32 channelId,
        uint128 cumulativeAmount,
        uint256 nonce,
        uint256 deadline,
        bytes calldata payeeSignature,
        bytes calldata voucherSignature
    ) external;

    // ---- Beyond the draft: many settlements for one transaction ----

    /// @notice Settles the caller's channels of one token, or of native coin, for one payment of
    /// the sum; payee only, as settle is.
    /// @dev An item that cannot be settled is left as it was and does not stop the others; if none
    /// can be, the call reverts with NothingToSettle. Vouchers count only if a plain key signed
    /// them: those of contracts (ERC-1271) go through settle, one by one.
    /// @return refusals for each item zero if it was settled, else the selector of the error that
    /// settle would revert with, or of TokenMismatch
    function settleMany(
        address token,
        Settlement[] calldata settlements
    ) external returns (bytes4[] memory refusals);

    // ---- Native coin that could not be delivered ----

    /// @notice Sends the caller's deferred native coin to `to`.
    function claim(address to) external;

    /// @notice Native coin, in base units, that `account` can claim.
    function owed(address account) external view returns (uint256 amount);

    // ---- Views ----

    /// @notice Seconds between a close request and the earliest withdrawal ("Forced Close").
    function CLOSE_GRACE_PERIOD() external view returns (uint64);

    /// @notice The Permit2 deployment the escrow calls; zero if the Permit2 functions are off.
    function PERMIT2() external view returns (address);

    function computeChannelId(
        address payer,
        address payee,
        address token,
        bytes32 salt,
        address authorizedSigner
    ) external view returns (bytes32 channelId);

    function getChannel(bytes32 channelId) external view returns (Channel memory channel);

    /// @notice Whether a settle or close authorization with this nonce went through.
    function isNonceUsed(bytes32 channelId, uint256 nonce) external view returns (bool used);

    /// @notice The EIP-712 domain separator of this escrow on this chain ("Voucher Signing
    /// Format").
    function domainSeparator() external view returns (bytes32);

    /// @notice What a voucher's signer signs.
    function getVoucherDigest(
        bytes32 channelId,
        uint128 cumulativeAmount
    ) external view returns (bytes32 digest);
}
