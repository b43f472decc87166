// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {vm} from "./Vm.sol";

/// @dev What payers and payees sign, put together here from the draft and not asked of the escrow.
library Signing {
    uint256 private constant ORDER =
        0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    string private constant PERMITTED = "TokenPermissions(address token,uint256 amount)";
    string private constant PERMIT =
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,"
        "uint256 deadline,";
    string private constant OPEN =
        "ChannelOpenWitness(address payee,bytes32 salt,address authorizedSigner)";
    string private constant TOP_UP = "ChannelTopUpWitness(bytes32 channelId)";

    /// @dev An EIP-3009 authorization to move `value` from `from` to the escrow.
    struct Receive {
        address token;
        address from;
        address to;
        uint256 value;
        uint256 validBefore;
        bytes32 nonce;
    }

    struct Permit {
        address permit2;
        address token;
        uint256 amount;
        address spender;
        uint256 nonce;
        uint256 deadline;
    }

    function domain(string memory name, address verifier) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,"
                    "address verifyingContract)"
                ),
                keccak256(bytes(name)),
                keccak256("1"),
                block.chainid,
                verifier
            )
        );
    }

    function permit2Domain(address permit2) internal view returns (bytes32) {
        bytes32 kind =
            keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)");
        return keccak256(abi.encode(kind, keccak256("Permit2"), block.chainid, permit2));
    }

    function digest(bytes32 domainHash, bytes32 message) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domainHash, message));
    }

    function sign(uint256 key, bytes32 hash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The other signature of the same key over the same digest, which ECDSA takes as well.
    function highS(bytes memory signature) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = split(signature);
        return abi.encodePacked(r, bytes32(ORDER - uint256(s)), v == 27 ? uint8(28) : uint8(27));
    }

    function split(bytes memory signature) internal pure returns (uint8 v, bytes32 r, bytes32 s) {
        if (signature.length != 65) return (0, 0, 0);
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
            v := byte(0, mload(add(signature, 96)))
        }
    }

    function voucher(bytes32 id, uint128 amount) internal pure returns (bytes32) {
        bytes32 kind = keccak256("Voucher(bytes32 channelId,uint128 cumulativeAmount)");
        return keccak256(abi.encode(kind, id, amount));
    }

    function authorization(
        bool closes,
        bytes32 id,
        uint128 amount,
        uint256 nonce,
        uint256 deadline
    ) internal pure returns (bytes32) {
        bytes memory kind = abi.encodePacked(
            closes ? "Close" : "Settle",
            "Authorization(bytes32 channelId,uint128 cumulativeAmount,uint256 nonce,",
            "uint256 deadline)"
        );
        return keccak256(abi.encode(keccak256(kind), id, amount, nonce, deadline));
    }

    function receiving(Receive memory r) internal view returns (bytes32) {
        bytes32 kind = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,"
            "uint256 validBefore,bytes32 nonce)"
        );
        bytes32 message =
            keccak256(abi.encode(kind, r.from, r.to, r.value, 0, r.validBefore, r.nonce));
        return digest(domain("Test USD", r.token), message);
    }

    function permitOpen(
        Permit memory p,
        address payee,
        bytes32 salt,
        address authorizedSigner
    ) internal view returns (bytes32) {
        bytes32 witness =
            keccak256(abi.encode(keccak256(bytes(OPEN)), payee, salt, authorizedSigner));
        bytes memory kind =
            abi.encodePacked(PERMIT, "ChannelOpenWitness witness)", OPEN, PERMITTED);
        return permit(p, keccak256(kind), witness);
    }

    function permitTopUp(Permit memory p, bytes32 channelId) internal view returns (bytes32) {
        bytes32 witness = keccak256(abi.encode(keccak256(bytes(TOP_UP)), channelId));
        bytes memory kind =
            abi.encodePacked(PERMIT, "ChannelTopUpWitness witness)", TOP_UP, PERMITTED);
        return permit(p, keccak256(kind), witness);
    }

    function permit(
        Permit memory p,
        bytes32 kind,
        bytes32 witness
    ) private view returns (bytes32) {
        bytes32 permitted =
            keccak256(abi.encode(keccak256(bytes(PERMITTED)), p.token, p.amount));
        bytes32 message =
            keccak256(abi.encode(kind, permitted, p.spender, p.nonce, p.deadline, witness));
        return digest(permit2Domain(p.permit2), message);
    }
}
