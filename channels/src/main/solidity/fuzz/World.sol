// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ITollstreamEscrow} from "../ITollstreamEscrow.sol";
import {TestToken} from "../TestToken.sol";
import {FeeToken, ReentrantToken, TestWallet} from "../test/TestContracts.sol";
import {Vm, vm} from "./Vm.sol";

/// @dev The deployed escrow's code (not its source), people with keys, wallets that are contracts,
/// tokens, and dice.
abstract contract World {
    uint64 internal constant GRACE = 900;
    uint256 internal constant MONEY = 1e12;
    /// @dev No call may need more; it also bounds what a recipient that burns all gas burns.
    uint256 private constant GAS = 3_000_000;
    address internal constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;
    address internal constant NATIVE = address(0);
    bytes4 private constant LOCKED = bytes4(keccak256("ReentrancyGuardReentrantCall()"));

    ITollstreamEscrow public immutable escrow;
    TestToken internal immutable plain = new TestToken();
    ReentrantToken internal immutable reentrant = new ReentrantToken();
    FeeToken internal immutable fee = new FeeToken();

    address[] internal payers;
    address[] internal payees;
    /// @dev Zero stands for the payer.
    address[] internal signers;
    address[] internal people;
    address[3] internal assets;
    mapping(address person => uint256 key) internal keys;
    mapping(address person => bool) internal isWallet;
    /// @dev Sent to the escrow by nobody's channel.
    mapping(address asset => uint256) internal donated;

    uint256 private _seed;

    constructor() {
        bytes memory code =
            abi.encodePacked(vm.envBytes("ESCROW"), abi.encode("Fuzz", GRACE, PERMIT2));
        address deployed;
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        require(deployed != address(0), "the escrow was not deployed");
        escrow = ITollstreamEscrow(deployed);
        vm.etch(PERMIT2, vm.envBytes("PERMIT2"));
        assets = [NATIVE, address(plain), address(reentrant)];
        fee.setTakesFee(true);
        payers = [_key(11), _key(12), _wallet(13)];
        payees = [_key(21), _wallet(22)];
        signers = [address(0), _key(31), _wallet(32)];
        for (uint256 i = 0; i < payers.length; ++i) _endow(payers[i]);
    }

    function _key(uint256 key) private returns (address person) {
        person = vm.addr(key);
        keys[person] = key;
        people.push(person);
    }

    function _wallet(uint256 key) private returns (address person) {
        person = address(new TestWallet(vm.addr(key)));
        keys[person] = key;
        isWallet[person] = true;
        people.push(person);
    }

    function _endow(address person) private {
        vm.deal(person, MONEY);
        TestToken[3] memory tokens = [plain, TestToken(reentrant), TestToken(fee)];
        for (uint256 i = 0; i < tokens.length; ++i) {
            // Of one token enough to overflow a deposit.
            tokens[i].mint(person, i == 0 ? 2 * uint256(type(uint128).max) : MONEY);
            address[2] memory spenders = [address(escrow), PERMIT2];
            for (uint256 j = 0; j < spenders.length; ++j) {
                bytes memory data = abi.encodeCall(tokens[i].approve, (spenders[j], type(uint256).max));
                (bool ok,) = _as(person, address(tokens[i]), 0, data);
                require(ok, "cannot approve");
            }
        }
    }

    // ---- Dice ----

    function _shake(uint256 seed) internal {
        _seed = seed;
    }

    /// @dev One of 0 .. sides - 1.
    function _roll(uint256 sides) internal returns (uint256) {
        _seed = uint256(keccak256(abi.encode(_seed)));
        return _seed % sides;
    }

    /// @dev Half of the time 0, which stands for nothing wrong; else one of 1 .. kinds.
    function _flaw(uint256 kinds) internal returns (uint256) {
        return _roll(2) == 0 ? 0 : 1 + _roll(kinds);
    }

    function _amount() internal returns (uint128) {
        return uint128(1 + _roll(10 ** (1 + _roll(7))));
    }

    function _one(address[] storage of_) internal returns (address) {
        return of_[_roll(of_.length)];
    }

    /// @dev Somebody, but not this one.
    function _other(address than) internal returns (address person) {
        do person = _one(people); while (person == than);
    }

    // ---- Calls ----

    function _as(
        address person,
        address target,
        uint256 value,
        bytes memory data
    ) private returns (bool, bytes memory) {
        if (isWallet[person]) {
            data = abi.encodeCall(TestWallet.execute, (target, value, data));
            return person.call{gas: GAS}(data);
        }
        vm.prank(person);
        return target.call{value: value, gas: GAS}(data);
    }

    /// @dev Calls the escrow. Wallets and tokens that call back do so with `again`, and must find
    /// the escrow locked.
    function _call(
        address person,
        uint256 value,
        bytes memory data,
        bytes memory again
    ) internal returns (bool ok, bytes memory result) {
        address target = again.length == 0 ? address(0) : address(escrow);
        reentrant.arm(target, again);
        for (uint256 i = 0; i < people.length; ++i) {
            if (isWallet[people[i]]) TestWallet(payable(people[i])).arm(target, again);
        }
        (ok, result) = _as(person, address(escrow), value, data);
        if (ok) _checkLocked(reentrant.attempted(), reentrant.failure());
        reentrant.arm(address(0), "");
        for (uint256 i = 0; i < people.length; ++i) {
            if (!isWallet[people[i]]) continue;
            TestWallet wallet = TestWallet(payable(people[i]));
            _checkLocked(wallet.attempted(), wallet.failure());
            wallet.arm(address(0), "");
        }
    }

    function _checkLocked(bool attempted, bytes memory failure) private pure {
        require(!attempted || bytes4(failure) == LOCKED, "a call came in while another was busy");
    }

    // ---- Money ----

    function _held(address asset, address holder) internal view returns (uint256) {
        return asset == NATIVE ? holder.balance : TestToken(asset).balanceOf(holder);
    }

    /// @dev What is this person's, here or waiting in the escrow.
    function _wealth(address asset, address person) internal view returns (uint256) {
        return _held(asset, person) + (asset == NATIVE ? escrow.owed(person) : 0);
    }
}
