// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title The EIP-3009 function the escrow calls, in the overload that takes the signature as bytes
/// @dev Tokens that only have the (v, r, s) form cannot be used with the escrow's
/// openWithAuthorization and topUpWithAuthorization (draft-evm-session, openWithAuthorization).
interface IReceiveWithAuthorization {
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
}
