// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Handler} from "./Handler.sol";

/// @dev The handler checks everything after each of its calls; what it throws fails the run.
contract EscrowTest {
    Handler private handler;

    struct Selectors {
        address target;
        bytes4[] selectors;
    }

    function setUp() external {
        handler = new Handler();
    }

    function targetSelectors() external view returns (Selectors[] memory targets) {
        bytes4[16] memory all = [
            handler.open.selector,
            handler.open.selector,
            handler.openForPayer.selector,
            handler.topUp.selector,
            handler.topUpForPayer.selector,
            handler.requestClose.selector,
            handler.withdraw.selector,
            handler.settle.selector,
            handler.settleForPayee.selector,
            handler.settleMany.selector,
            handler.close.selector,
            handler.closeForPayee.selector,
            handler.claim.selector,
            handler.changeMood.selector,
            handler.replay.selector,
            handler.passTime.selector
        ];
        targets = new Selectors[](1);
        targets[0] = Selectors(address(handler), new bytes4[](17));
        for (uint256 i = 0; i < 16; ++i) targets[0].selectors[i] = all[i];
        targets[0].selectors[16] = handler.donate.selector;
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_escrow_anyCalls_keepsItsPromises() external view {
        handler.audit();
    }

    function afterInvariant() external {
        handler.endAll(uint256(keccak256(abi.encode(block.timestamp))));
    }
}
