// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {TestToken} from "../TestToken.sol";

/// @dev Makes a prepared call in the middle of another one and remembers how it went.
abstract contract Reenters {
    address private target;
    bytes private data;
    bool public attempted;
    bytes public failure;

    function arm(address target_, bytes calldata data_) external {
        (target, data, attempted, failure) = (target_, data_, false, "");
    }

    function _reenter() internal {
        if (target == address(0)) return;
        address to = target;
        target = address(0);
        (bool ok, bytes memory result) = to.call(data);
        attempted = true;
        failure = ok ? bytes("") : result;
    }
}

/// @dev A token that calls back in each transfer. Its callback comes before the money moves.
contract ReentrantToken is TestToken, Reenters {
    function _update(address from, address to, uint256 value) internal override {
        _reenter();
        super._update(from, to, value);
    }
}

/// @dev Burns one percent of every transfer, once its fee is on.
contract FeeToken is TestToken {
    bool public takesFee;

    function setTakesFee(bool takesFee_) external {
        takesFee = takesFee_;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (takesFee && from != address(0)) super._update(to, address(0), value / 100);
    }
}

/// @dev Says no by returning false, as some old tokens do.
contract FalseToken is ERC20 {
    constructor() ERC20("False", "F") {}

    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return false;
    }
}

/// @dev A contract wallet: ERC-1271 with one owner, arbitrary calls, and four ways to take native
/// coin.
contract TestWallet is IERC1271, Reenters {
    enum Mood {
        Accepts,
        Refuses,
        BurnsGas,
        Reenters
    }

    address public owner;
    Mood public mood;

    constructor(address owner_) {
        owner = owner_;
    }

    function setOwner(address owner_) external {
        owner = owner_;
    }

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function execute(address target, uint256 value, bytes calldata data) external {
        (bool ok, bytes memory result) = target.call{value: value}(data);
        if (ok) return;
        assembly {
            revert(add(result, 32), mload(result))
        }
    }

    function isValidSignature(bytes32 hash, bytes memory signature) external view returns (bytes4) {
        (address recovered,,) = ECDSA.tryRecover(hash, signature);
        if (recovered == address(0) || recovered != owner) return bytes4(0);
        return this.isValidSignature.selector;
    }

    receive() external payable {
        require(mood != Mood.Refuses, "refused");
        while (mood == Mood.BurnsGas) {}
        if (mood == Mood.Reenters) _reenter();
    }
}
