// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @dev What the fuzzing uses of forge's cheat codes.
interface Vm {
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8, bytes32, bytes32);
    function prank(address sender) external;
    function deal(address account, uint256 balance) external;
    function etch(address account, bytes calldata code) external;
    /// @dev As block.timestamp, which the compiler takes for constant within a call.
    function getBlockTimestamp() external view returns (uint256);
    function warp(uint256 timestamp) external;
    function envBytes(string calldata name) external view returns (bytes memory);
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
