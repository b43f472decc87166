// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ITollstreamEscrow} from "../ITollstreamEscrow.sol";
import {vm} from "./Vm.sol";
import {World} from "./World.sol";

/// @dev Every channel that may exist, what is known of it, and what each call may change.
abstract contract Books is World {
    /// @dev Channels that one run may try to open.
    uint256 private constant MAX_CHANNELS = 24;

    struct Entry {
        bytes32 id;
        address payer;
        address payee;
        address token;
        address authorizedSigner;
        bytes32 salt;
        /// The largest amount that the signer has put its signature under.
        uint128 signed;
        /// As the escrow told it after the last call.
        ITollstreamEscrow.Channel seen;
    }

    /// @dev Who sends a call, whose money goes in, and whether anybody may send it.
    struct Act {
        address sender;
        address funder;
        bool relayed;
    }

    Entry[] internal entries;
    /// @dev What each person's wealth should be.
    mapping(address asset => mapping(address person => uint256)) private _due;

    function _startBooks() internal {
        for (uint256 i = 0; i < assets.length; ++i) {
            for (uint256 j = 0; j < people.length; ++j) {
                _due[assets[i]][people[j]] = _held(assets[i], people[j]);
            }
        }
    }

    function _roomForChannels() internal view returns (bool) {
        return entries.length < MAX_CHANNELS;
    }

    /// @dev Writes down a channel that the next call may open.
    function _enter(Entry memory e) internal returns (uint256) {
        e.id = keccak256(
            abi.encode(
                e.payer,
                e.payee,
                e.token,
                e.salt,
                e.authorizedSigner,
                address(escrow),
                block.chainid
            )
        );
        for (uint256 i = 0; i < entries.length; ++i) if (entries[i].id == e.id) return i;
        entries.push(e);
        return entries.length - 1;
    }

    function _signerOf(Entry storage e) internal view returns (address) {
        return e.authorizedSigner == address(0) ? e.payer : e.authorizedSigner;
    }

    function _isLive(Entry storage e) internal view returns (bool) {
        return e.seen.payee != address(0) && !e.seen.finalized;
    }

    /// @dev A channel; mostly one that can be used.
    function _pick() internal returns (uint256 i) {
        i = _roll(entries.length);
        for (uint256 tries = 0; tries < 2 && !_isLive(entries[i]); ++tries) {
            i = _roll(entries.length);
        }
    }

    /// @dev Compares the escrow with the books after a call.
    function _audit(Act memory act) internal {
        for (uint256 i = 0; i < entries.length; ++i) _auditChannel(entries[i], act);
        for (uint256 i = 0; i < assets.length; ++i) _auditWealth(assets[i]);
    }

    function _auditChannel(Entry storage e, Act memory act) private {
        ITollstreamEscrow.Channel memory old = e.seen;
        ITollstreamEscrow.Channel memory now_ = escrow.getChannel(e.id);
        if (keccak256(abi.encode(old)) == keccak256(abi.encode(now_))) return;
        require(!old.finalized, "a finalized channel changed");
        require(now_.payer == e.payer && now_.payee == e.payee, "parties changed");
        require(now_.token == e.token, "token changed");
        require(now_.authorizedSigner == e.authorizedSigner, "signer changed");
        require(now_.deposit >= old.deposit, "the deposit shrank");
        require(now_.settled >= old.settled, "what is settled shrank");
        require(now_.settled <= now_.deposit, "more settled than deposited");
        require(now_.settled <= e.signed, "settled without a signature");
        _auditActor(old, now_, act);
        _due[e.token][act.funder] -= now_.deposit - old.deposit;
        _due[e.token][e.payee] += now_.settled - old.settled;
        if (now_.finalized) _due[e.token][e.payer] += now_.deposit - now_.settled;
        e.seen = now_;
    }

    function _auditActor(
        ITollstreamEscrow.Channel memory old,
        ITollstreamEscrow.Channel memory now_,
        Act memory act
    ) private view {
        bool payee = act.relayed || act.sender == now_.payee;
        require(payee || now_.settled == old.settled, "somebody else settled");
        if (now_.finalized && !payee) {
            require(act.sender == now_.payer && old.closeRequestedAt != 0, "withdrawn unasked");
            require(vm.getBlockTimestamp() >= old.closeRequestedAt + GRACE, "withdrawn too early");
        }
        bool byPayer = now_.deposit > old.deposit && act.funder == now_.payer;
        require(!byPayer || now_.closeRequestedAt == 0, "a top-up left the close request");
        if (now_.closeRequestedAt == old.closeRequestedAt) return;
        bool asked = old.closeRequestedAt == 0 && now_.closeRequestedAt == vm.getBlockTimestamp()
            && act.sender == now_.payer;
        require(asked || byPayer, "the close request changed");
    }

    function _auditWealth(address asset) private view {
        uint256 owed = 0;
        for (uint256 i = 0; i < people.length; ++i) {
            address person = people[i];
            require(_wealth(asset, person) == _due[asset][person], "somebody lost or won");
            if (asset == NATIVE) owed += escrow.owed(person);
        }
        require(_held(asset, address(escrow)) == _liabilities(asset) + owed, "insolvent");
    }

    /// @dev What the escrow must hold for its channels, and what was given to it for nothing.
    function _liabilities(address asset) private view returns (uint256 sum) {
        sum = donated[asset];
        for (uint256 i = 0; i < entries.length; ++i) {
            Entry storage e = entries[i];
            if (e.token == asset && _isLive(e)) sum += e.seen.deposit - e.seen.settled;
        }
    }

    function _moved(address asset, address from, address to, uint256 amount) internal {
        _due[asset][from] -= amount;
        _due[asset][to] += amount;
    }
}
