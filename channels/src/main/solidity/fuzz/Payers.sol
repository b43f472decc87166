// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Books} from "./Books.sol";
import {Signing} from "./Signing.sol";
import {vm} from "./Vm.sol";

/// @dev What payers do, and those who send for them: in order, and with one thing wrong.
abstract contract Payers is Books {
    struct Sent {
        Act act;
        uint256 value;
        bytes data;
    }

    /// @dev The EIP-3009 or Permit2 half of a relayed call.
    struct Relayed {
        bool permit2;
        uint256 flaw;
        uint256 key;
        uint256 nonce;
        uint256 until;
        uint128 amount;
    }

    Sent[] internal history;
    uint256 private _nonces;

    // ---- Every call goes through here ----

    /// @dev Sends it, with an earlier call for others to call back with, and audits.
    function _do(Act memory act, uint256 value, bytes memory data) internal returns (bool ok) {
        bytes memory again = history.length == 0 ? bytes("") : history[_roll(history.length)].data;
        history.push(Sent(act, value, data));
        (ok,) = _call(act.sender, value, data, _isLockable(again) ? again : bytes(""));
        _audit(act);
    }

    /// @dev Sends it and holds the escrow to what should come of it.
    function _expect(bool expected, Act memory act, uint256 value, bytes memory data) internal {
        bool ok = _do(act, value, data);
        require(ok || !expected, "refused what is in order");
        require(!ok || expected, "took what is not in order");
    }

    /// @dev requestClose moves no value and is not guarded.
    function _isLockable(bytes memory data) private view returns (bool) {
        return data.length != 0 && bytes4(data) != escrow.requestClose.selector;
    }

    // ---- Opening ----

    function open(uint256 seed) external {
        _shake(seed);
        if (!_roomForChannels()) return;
        uint256 flaw = _flaw(6);
        Entry memory e = _terms(flaw);
        if (flaw == 4 && e.token == address(plain)) flaw = 0; // there is plenty
        uint128 deposit = flaw == 1 ? 0 : flaw == 4 ? uint128(2 * MONEY) : _deposit(e);
        bool coin = e.token == NATIVE;
        uint256 value = coin ? (flaw == 4 ? MONEY / 2 : deposit) : 0;
        if (flaw == 5) value = coin ? value / 2 : 1;
        bool fresh = escrow.getChannel(entries[_enter(e)].id).payee == address(0);
        _expect(
            flaw == 0 && fresh && _isSound(e) && _held(e.token, e.payer) >= deposit,
            Act(e.payer, e.payer, false),
            value,
            abi.encodeCall(escrow.open, (e.payee, e.token, deposit, e.salt, e.authorizedSigner))
        );
    }

    /// @dev Terms of a channel; now and then those of one that was there before.
    function _terms(uint256 flaw) private returns (Entry memory e) {
        if (entries.length != 0 && _roll(6) == 0) e = entries[_roll(entries.length)];
        if (e.payer == address(0)) {
            (e.payer, e.payee, e.token) = (_one(payers), _one(payees), assets[_roll(3)]);
            (e.authorizedSigner, e.salt) = (_one(signers), bytes32(_roll(1 << 40)));
        }
        delete e.seen;
        e.signed = 0;
        address[3] memory unpayable =
            [address(0), address(escrow), address(uint160((0xff << 152) | _roll(1 << 64)))];
        if (flaw == 2) e.payee = unpayable[_roll(3)];
        if (flaw == 3) e.token = address(fee);
        if (flaw == 6) e.token = _other(address(0)); // nothing there, or no token
    }

    /// @dev Terms are taken from earlier attempts, too.
    function _isSound(Entry memory e) private view returns (bool sound) {
        for (uint256 i = 0; i < 3; ++i) sound = sound || e.token == assets[i];
        return sound && keys[e.payee] != 0;
    }

    /// @dev Enough for one percent of it to be something.
    function _deposit(Entry memory e) private returns (uint128) {
        return e.token == address(fee) ? 100 + _amount() : _amount();
    }

    function openForPayer(uint256 seed) external {
        _shake(seed);
        if (!_roomForChannels()) return;
        uint256 flaw = _flaw(8);
        Entry memory e = _terms(flaw < 4 ? flaw : 0);
        uint128 deposit = flaw == 1 ? 0 : _deposit(e);
        bool fresh = escrow.getChannel(entries[_enter(e)].id).payee == address(0);
        bool expected = flaw == 0 && fresh && _isSound(e) && e.token != NATIVE
            && _held(e.token, e.payer) >= deposit;
        Relayed memory r = _relayed(e.payer, flaw, deposit);
        if (flaw == 8) r.permit2 = false;
        Act memory act = Act(_one(people), e.payer, true);
        bytes memory data = r.permit2 ? _openPermit2(e, r, deposit) : _open3009(e, r, deposit);
        _expect(expected, act, 0, data);
    }

    function _relayed(
        address from,
        uint256 flaw,
        uint128 amount
    ) private returns (Relayed memory r) {
        r.permit2 = _roll(2) == 0;
        r.flaw = flaw;
        r.key = flaw == 4 ? keys[_other(from)] : keys[from];
        r.nonce = ++_nonces;
        r.until = flaw == 5 ? vm.getBlockTimestamp() - 1 : type(uint48).max;
        r.amount = flaw == 6 ? amount - 1 : amount;
    }

    function _open3009(
        Entry memory e,
        Relayed memory r,
        uint128 deposit
    ) private view returns (bytes memory) {
        address payee = r.flaw == 7 ? payees[e.payee == payees[0] ? 1 : 0] : e.payee;
        bytes32 nonce =
            keccak256(abi.encode(e.payer, payee, e.token, e.salt, e.authorizedSigner));
        bytes32 used = r.flaw == 8 ? keccak256(abi.encode(nonce)) : nonce;
        bytes memory signature = _receive(e.token, e.payer, r, used);
        return abi.encodeCall(
            escrow.openWithAuthorization,
            (
                e.payee,
                e.token,
                deposit,
                e.salt,
                e.authorizedSigner,
                e.payer,
                0,
                r.until,
                used,
                signature
            )
        );
    }

    function _receive(
        address token,
        address from,
        Relayed memory r,
        bytes32 nonce
    ) private view returns (bytes memory) {
        Signing.Receive memory message =
            Signing.Receive(token, from, address(escrow), r.amount, r.until, nonce);
        return Signing.sign(r.key, Signing.receiving(message));
    }

    function _openPermit2(
        Entry memory e,
        Relayed memory r,
        uint128 deposit
    ) private view returns (bytes memory) {
        address payee = r.flaw == 7 ? payees[e.payee == payees[0] ? 1 : 0] : e.payee;
        bytes32 digest =
            Signing.permitOpen(_permit(e.token, r), payee, e.salt, e.authorizedSigner);
        return abi.encodeCall(
            escrow.openWithPermit2,
            (
                e.payee,
                e.token,
                deposit,
                e.salt,
                e.authorizedSigner,
                e.payer,
                r.nonce,
                r.until,
                Signing.sign(r.key, digest)
            )
        );
    }

    function _permit(
        address token,
        Relayed memory r
    ) private view returns (Signing.Permit memory) {
        return Signing.Permit(PERMIT2, token, r.amount, address(escrow), r.nonce, r.until);
    }

    // ---- Adding to a deposit ----

    function topUp(uint256 seed) external {
        _shake(seed);
        if (entries.length == 0) return;
        Entry storage e = entries[_pick()];
        uint256 flaw = _flaw(4);
        uint128 amount = flaw == 1 ? 0 : flaw == 4 ? type(uint128).max : _amount();
        bool coin = e.token == NATIVE;
        uint256 value = coin && flaw != 4 ? amount : 0;
        if (flaw == 3) value = coin ? amount / 2 : 1;
        address sender = flaw == 2 ? _other(e.payer) : e.payer;
        if (sender.balance < value) value = sender.balance;
        _expect(
            flaw == 0 && _isLive(e) && _held(e.token, e.payer) >= amount,
            Act(sender, sender, false),
            value,
            abi.encodeCall(escrow.topUp, (e.id, amount))
        );
    }

    /// @dev By anybody's authorization: whoever signs pays.
    function topUpForPayer(uint256 seed) external {
        _shake(seed);
        if (entries.length == 0) return;
        Entry storage e = entries[_pick()];
        uint256 flaw = _flaw(8);
        uint128 amount = flaw == 1 ? 0 : flaw == 2 ? type(uint128).max : _amount();
        address from = _roll(2) == 0 ? e.payer : _one(payers);
        Relayed memory r = _relayed(from, flaw, amount);
        if (flaw == 3 || flaw == 8) r.permit2 = flaw == 3;
        bool held = _isLive(e) && e.token != NATIVE && _held(e.token, from) >= amount;
        _expect(
            flaw == 0 && held,
            Act(_one(people), from, true),
            0,
            r.permit2 ? _topUpPermit2(e, r, from, amount) : _topUp3009(e, r, from, amount)
        );
    }

    function _topUp3009(
        Entry storage e,
        Relayed memory r,
        address from,
        uint128 amount
    ) private view returns (bytes memory) {
        bytes32 salt = bytes32(r.nonce);
        bytes32 id = r.flaw == 7 ? bytes32(uint256(e.id) ^ 1) : e.id;
        bytes32 nonce = keccak256(abi.encode(id, amount, from, salt));
        bytes32 used = r.flaw == 8 ? keccak256(abi.encode(nonce)) : nonce;
        bytes memory signature = _receive(e.token, from, r, used);
        return abi.encodeCall(
            escrow.topUpWithAuthorization,
            (e.id, amount, from, salt, 0, r.until, used, signature)
        );
    }

    function _topUpPermit2(
        Entry storage e,
        Relayed memory r,
        address from,
        uint128 amount
    ) private view returns (bytes memory) {
        bytes32 id = r.flaw == 7 || r.flaw == 3 ? bytes32(uint256(e.id) ^ 1) : e.id;
        bytes32 digest = Signing.permitTopUp(_permit(e.token, r), id);
        return abi.encodeCall(
            escrow.topUpWithPermit2,
            (e.id, amount, from, r.nonce, r.until, Signing.sign(r.key, digest))
        );
    }

    // ---- Leaving ----

    function requestClose(uint256 seed) external {
        _shake(seed);
        if (entries.length == 0) return;
        Entry storage e = entries[_pick()];
        bool payer = _roll(4) != 0;
        address sender = payer ? e.payer : _other(e.payer);
        bytes memory data = abi.encodeCall(escrow.requestClose, (e.id));
        _expect(payer && _isLive(e), Act(sender, sender, false), 0, data);
    }

    function withdraw(uint256 seed) external {
        _shake(seed);
        if (entries.length == 0) return;
        Entry storage e = entries[_pick()];
        bool payer = _roll(4) != 0;
        address sender = payer ? e.payer : _other(e.payer);
        uint256 asked = e.seen.closeRequestedAt;
        if (asked != 0 && _roll(2) == 0) _passTo(asked + GRACE - _roll(2));
        bool ready = asked != 0 && vm.getBlockTimestamp() >= asked + GRACE;
        bytes memory data = abi.encodeCall(escrow.withdraw, (e.id));
        _expect(payer && _isLive(e) && ready, Act(sender, sender, false), 0, data);
    }

    function _passTo(uint256 time) private {
        if (time > vm.getBlockTimestamp()) vm.warp(time);
    }
}
