// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ITollstreamEscrow} from "../ITollstreamEscrow.sol";
import {TestWallet} from "../test/TestContracts.sol";
import {Payers} from "./Payers.sol";
import {Signing} from "./Signing.sol";
import {vm} from "./Vm.sol";

/// @dev What payees do, and everybody else; forge calls its functions in any order.
contract Handler is Payers {
    /// @dev A voucher to redeem. `sound`: the channel's signer signed just this.
    struct Claim {
        uint128 amount;
        bytes signature;
        bool sound;
    }

    mapping(bytes32 id => mapping(uint256 nonce => bool)) private _usedNonces;

    constructor() {
        _startBooks();
    }

    // ---- Vouchers ----

    function _claim(Entry storage e, bool toOthersAsWell) private returns (Claim memory c) {
        uint256 flaw = _flaw(9);
        ITollstreamEscrow.Channel memory seen = e.seen;
        uint128 left = seen.deposit - seen.settled;
        c.amount = left == 0 ? seen.settled : seen.settled + 1 + uint128(_roll(left));
        if (flaw == 1) c.amount = seen.deposit + 1;
        if (flaw == 2) c.amount = seen.settled;
        address signer = _signerOf(e);
        uint256 key = flaw == 3 ? keys[_other(signer)] : keys[signer];
        uint128 signed = flaw == 4 && c.amount != 0 ? c.amount - 1 : c.amount;
        bytes32 id = flaw == 5 ? bytes32(uint256(e.id) ^ 1) : e.id;
        string memory name = flaw == 6 ? "Fuzzy" : "Fuzz";
        bytes32 domain = Signing.domain(name, flaw == 7 ? address(this) : address(escrow));
        c.signature = Signing.sign(key, Signing.digest(domain, Signing.voucher(id, signed)));
        if (flaw < 3 || flaw == 4 || flaw > 7) if (signed > e.signed) e.signed = signed;
        if (flaw == 8) c.signature = Signing.highS(c.signature);
        if (flaw == 9) c.signature = "";
        c.sound = flaw < 3 && (toOthersAsWell || !isWallet[signer]);
        // A flawed amount of zero is no flaw.
        if (flaw == 4 && signed == c.amount) c.sound = toOthersAsWell || !isWallet[signer];
    }

    function _isPayable(Entry storage e, Claim memory c) private view returns (bool) {
        return c.sound && c.amount > e.seen.settled && c.amount <= e.seen.deposit;
    }

    /// @dev Closing at or below what is settled gives the rest up, whatever is signed.
    function _isClosable(Entry storage e, Claim memory c) private view returns (bool) {
        return c.amount <= e.seen.settled || _isPayable(e, c);
    }

    // ---- Payees ----

    function settle(uint256 seed) external {
        _redeem(seed, false);
    }

    function close(uint256 seed) external {
        _redeem(seed, true);
    }

    function _redeem(uint256 seed, bool closes) private {
        _shake(seed);
        if (entries.length == 0) return;
        Entry storage e = entries[_pick()];
        Claim memory c = _claim(e, true);
        bool payee = _roll(8) != 0;
        address sender = payee ? e.payee : _other(e.payee);
        if (sender == address(escrow) || sender == address(0)) return;
        bool expected = payee && _isLive(e) && (closes ? _isClosable(e, c) : _isPayable(e, c));
        bytes memory data = closes
            ? abi.encodeCall(escrow.close, (e.id, c.amount, c.signature))
            : abi.encodeCall(escrow.settle, (e.id, c.amount, c.signature));
        _expect(expected, Act(sender, sender, false), 0, data);
    }

    function settleForPayee(uint256 seed) external {
        _redeemRelayed(seed, false);
    }

    function closeForPayee(uint256 seed) external {
        _redeemRelayed(seed, true);
    }

    function _redeemRelayed(uint256 seed, bool closes) private {
        _shake(seed);
        if (entries.length == 0) return;
        Entry storage e = entries[_pick()];
        Claim memory c = _claim(e, true);
        uint256 flaw = _roll(2) == 0 ? 0 : _flaw(4); // the voucher may have one, too
        uint256 nonce = 255 + _roll(2); // of two words of the bitmap
        uint256 deadline = flaw == 1 ? vm.getBlockTimestamp() - 1 : vm.getBlockTimestamp();
        uint256 key = flaw == 2 ? keys[_other(e.payee)] : keys[e.payee];
        if (key == 0) return; // a payee that cannot be
        bytes32 message = Signing.authorization(
            flaw == 3 ? !closes : closes, e.id, c.amount, flaw == 4 ? nonce + 1 : nonce, deadline
        );
        bytes memory authorization = Signing.sign(key, _digest(message));
        bool expected = flaw == 0 && _isLive(e) && !_usedNonces[e.id][nonce]
            && (closes ? _isClosable(e, c) : _isPayable(e, c));
        if (expected) _usedNonces[e.id][nonce] = true;
        bytes memory data = closes
            ? abi.encodeCall(
                escrow.closeWithAuthorization,
                (e.id, c.amount, nonce, deadline, authorization, c.signature)
            )
            : abi.encodeCall(
                escrow.settleWithAuthorization,
                (e.id, c.amount, nonce, deadline, authorization, c.signature)
            );
        _expect(expected, Act(_one(people), address(0), true), 0, data);
    }

    function _digest(bytes32 message) private view returns (bytes32) {
        return Signing.digest(Signing.domain("Fuzz", address(escrow)), message);
    }

    /// @dev A batch of good and bad ones, the same channel twice among them.
    function settleMany(uint256 seed) external {
        _shake(seed);
        if (entries.length == 0) return;
        uint256 first = _pick();
        (address payee, address token) = (entries[first].payee, entries[first].token);
        if (keys[payee] == 0) return; // a payee that cannot be
        ITollstreamEscrow.Settlement[] memory items =
            new ITollstreamEscrow.Settlement[](_roll(6));
        uint256[] memory of_ = new uint256[](items.length);
        uint128[] memory settled = new uint128[](items.length);
        bool any = false;
        for (uint256 i = 0; i < items.length; ++i) {
            of_[i] = i == 0 ? first : _pick();
            Entry storage e = entries[of_[i]];
            Claim memory c = _claim(e, false);
            settled[i] = e.seen.settled;
            for (uint256 j = 0; j < i; ++j) {
                if (of_[j] == of_[i] && settled[j] > settled[i]) settled[i] = settled[j];
            }
            bool good = _isLive(e) && e.payee == payee && e.token == token && _isPayable(e, c)
                && c.amount > settled[i];
            if (good) (any, settled[i]) = (true, c.amount);
            items[i] = _item(e.id, c);
        }
        bytes memory data = abi.encodeCall(escrow.settleMany, (token, items));
        _expect(any, Act(payee, payee, false), 0, data);
        for (uint256 i = 0; any && i < items.length; ++i) {
            Entry storage e = entries[of_[i]];
            bool due = e.payee == payee && e.token == token;
            require(!due || e.seen.settled >= settled[i], "left out what is in order");
        }
    }

    function _item(
        bytes32 id,
        Claim memory c
    ) private pure returns (ITollstreamEscrow.Settlement memory) {
        (uint8 v, bytes32 r, bytes32 s) = Signing.split(c.signature);
        return ITollstreamEscrow.Settlement(id, c.amount, v, r, s);
    }

    // ---- Everybody ----

    function claim(uint256 seed) external {
        _shake(seed);
        address person = _one(people);
        address to = _roll(2) == 0 ? person : _one(people);
        uint256 owed = escrow.owed(person);
        bool takes = !isWallet[to] || _takes(to);
        bool expected = owed != 0 && takes;
        if (expected) _moved(NATIVE, person, to, owed);
        (bool ok,) = _call(person, 0, abi.encodeCall(escrow.claim, (to)), "");
        require(ok == expected, "a claim went wrong");
        _audit(Act(person, person, false));
    }

    function _takes(address wallet) private view returns (bool) {
        TestWallet.Mood mood = TestWallet(payable(wallet)).mood();
        return mood == TestWallet.Mood.Accepts || mood == TestWallet.Mood.Reenters;
    }

    /// @dev How a wallet takes coin from now on.
    function changeMood(uint256 seed) external {
        _shake(seed);
        address person = _one(people);
        if (isWallet[person]) _setMood(person, TestWallet.Mood(_roll(4)));
    }

    function _setMood(address wallet, TestWallet.Mood mood) private {
        TestWallet(payable(wallet)).setMood(mood);
    }

    /// @dev An earlier call again, by the same sender or, where it names its channel, by another.
    function replay(uint256 seed) external {
        _shake(seed);
        if (history.length == 0) return;
        Sent memory sent = history[_roll(history.length)];
        bytes4 call = bytes4(sent.data);
        if (_roll(2) == 0 && call != escrow.open.selector) {
            address sender = _one(people);
            if (sent.act.funder == sent.act.sender) sent.act.funder = sender;
            sent.act.sender = sender;
        }
        if (sent.act.sender.balance < sent.value) return;
        _do(sent.act, sent.value, sent.data);
    }

    /// @dev Money that comes without a call, as a self-destructing contract sends it.
    function donate(uint256 seed) external {
        _shake(seed);
        address asset = assets[_roll(2)];
        uint128 amount = _amount();
        donated[asset] += amount;
        if (asset == NATIVE) vm.deal(address(escrow), address(escrow).balance + amount);
        else plain.mint(address(escrow), amount);
        _audit(Act(address(this), address(this), false));
    }

    function passTime(uint256 seed) external {
        _shake(seed);
        uint256[4] memory steps = [uint256(1), GRACE - 1, GRACE, GRACE + 1 + _roll(1 weeks)];
        vm.warp(vm.getBlockTimestamp() + steps[_roll(4)]);
    }

    function audit() external view {
        for (uint256 i = 0; i < entries.length; ++i) {
            bytes32 now_ = keccak256(abi.encode(escrow.getChannel(entries[i].id)));
            require(now_ == keccak256(abi.encode(entries[i].seen)), "a channel changed by itself");
        }
    }

    // ---- The end of a run ----

    /// @dev Ends every channel: its payee takes all that it can, or has gone for good.
    function endAll(uint256 seed) external {
        _shake(seed);
        for (uint256 i = 0; i < people.length; ++i) {
            if (isWallet[people[i]]) _setMood(people[i], TestWallet.Mood.Accepts);
        }
        for (uint256 i = 0; i < entries.length; ++i) {
            Entry storage e = entries[i];
            if (!_isLive(e)) continue;
            bool reachable = keys[e.payee] != 0 && _roll(2) == 0;
            if (reachable) _closeByPayee(e);
            else _closeByPayer(e);
            require(e.seen.finalized, "a channel did not end");
        }
        for (uint256 i = 0; i < people.length; ++i) _claimAll(people[i]);
        for (uint256 i = 0; i < assets.length; ++i) {
            require(_held(assets[i], address(escrow)) == donated[assets[i]], "money stayed behind");
        }
    }

    function _closeByPayee(Entry storage e) private {
        e.signed = e.seen.deposit;
        bytes32 digest = _digest(Signing.voucher(e.id, e.seen.deposit));
        bytes memory signature = Signing.sign(keys[_signerOf(e)], digest);
        bytes memory data = abi.encodeCall(escrow.close, (e.id, e.seen.deposit, signature));
        _expect(true, Act(e.payee, e.payee, false), 0, data);
    }

    function _closeByPayer(Entry storage e) private {
        Act memory act = Act(e.payer, e.payer, false);
        _expect(true, act, 0, abi.encodeCall(escrow.requestClose, (e.id)));
        vm.warp(vm.getBlockTimestamp() + GRACE);
        _expect(true, act, 0, abi.encodeCall(escrow.withdraw, (e.id)));
    }

    function _claimAll(address person) private {
        if (escrow.owed(person) == 0) return;
        (bool ok,) = _call(person, 0, abi.encodeCall(escrow.claim, (person)), "");
        require(ok, "cannot claim");
        _audit(Act(person, person, false));
    }
}
