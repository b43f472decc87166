package io.tollstream.gateway.payer;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Refusal;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import java.util.List;

/**
 * Why the payer does not pay: an expected failure, as a value. Each tells a person what happened
 * and, where an option decides it, which.
 */
sealed interface PayerRefusal {

  /** The server's answer holds no challenge that this payer reads. */
  record NoChallenge() implements PayerRefusal {
    @Override
    public String reason() {
      return "the gateway asks for a payment that this payer does not speak"
          + " (it pays by method evm, intent session)";
    }
  }

  record ChallengeExpired() implements PayerRefusal {
    @Override
    public String reason() {
      return "the gateway's offer had expired when it came; compare the clocks of both machines";
    }
  }

  record TokenNotAllowed(Address token) implements PayerRefusal {
    @Override
    public String reason() {
      return "the gateway wants to be paid in token "
          + token
          + ", which --allow-token does not name";
    }
  }

  record EscrowNotAllowed(Address escrow) implements PayerRefusal {
    @Override
    public String reason() {
      return "the gateway names escrow " + escrow + ", which --allow-escrow does not name";
    }
  }

  record RecipientNotAllowed(Address recipient) implements PayerRefusal {
    @Override
    public String reason() {
      return "the gateway wants "
          + recipient
          + " to be paid, which --allow-recipient does not name";
    }
  }

  /** The recipient is an address that no key controls. */
  record RecipientUnpayable(Address recipient) implements PayerRefusal {
    @Override
    public String reason() {
      return "the gateway names a recipient that cannot be paid: " + recipient;
    }
  }

  record TooDear(Tariff asked, Tariff limit) implements PayerRefusal {
    @Override
    public String reason() {
      return "the gateway asks "
          + asked
          + ", more than the "
          + limit
          + " of --max-price; raise it to pay this price";
    }
  }

  /** The limits given price bytes and the server time, or the other way round. */
  record PriceNotComparable(Tariff asked) implements PayerRefusal {
    @Override
    public String reason() {
      return "the gateway asks "
          + asked
          + " and --max-price limits no price of that kind; add one, such as --max-price "
          + asked;
    }
  }

  record BudgetTooSmall(Amount needed, Amount left) implements PayerRefusal {
    @Override
    public String reason() {
      return "the budget of this run has "
          + left
          + " base units left and "
          + needed
          + " are needed; raise --budget to go on";
    }
  }

  /** The channel's deposit is used up and cannot be topped up. */
  record DepositUsedUp(Amount deposit, String why) implements PayerRefusal {
    @Override
    public String reason() {
      return "the channel's deposit of "
          + deposit
          + " base units is used up and was not raised: "
          + why;
    }
  }

  /** None of the ways of funding that the server takes is one that this payer can use. */
  record NoFunding(List<String> credentialTypes) implements PayerRefusal {
    @Override
    public String reason() {
      return "the gateway takes deposits only as "
          + credentialTypes
          + "; this payer makes them as hash or authorization";
    }
  }

  /** The wallet cannot work on the escrow, or the escrow is not what it should be. */
  record EscrowUnusable(Escrow escrow, String why) implements PayerRefusal {
    @Override
    public String reason() {
      return "escrow " + escrow.contract() + " on chain " + escrow.chainId() + ": " + why;
    }
  }

  record DepositFailed(Refusal refusal) implements PayerRefusal {
    @Override
    public String reason() {
      return "the deposit failed: " + Words.of(refusal);
    }
  }

  /** The chain does not do, or does not tell, what was asked. */
  record ChainRefused(Refusal refusal) implements PayerRefusal {
    @Override
    public String reason() {
      return Words.of(refusal);
    }
  }

  /** The server claims to have delivered more than came, by more than a window. */
  record Disputed(Amount claimed, Amount counted) implements PayerRefusal {
    @Override
    public String reason() {
      return "the gateway claims "
          + claimed
          + " base units for bytes worth "
          + counted
          + "; nothing more is paid to it. Take the rest of the deposit back with"
          + " `tollstream wallet request-close`, then `withdraw`";
    }
  }

  /** The server asks for more although a whole window that is paid for has not come. */
  record Unserved(Amount unserved) implements PayerRefusal {
    @Override
    public String reason() {
      return "the gateway asks for more, but bytes worth "
          + unserved
          + " base units that are paid for have not come; nothing more is paid to it";
    }
  }

  /** Transfers that the payer broke off have used a channel's window up. */
  record Worn(Amount lost) implements PayerRefusal {
    @Override
    public String reason() {
      return "broken-off transfers have cost "
          + lost
          + " base units, a whole --window; going on with another channel";
    }
  }

  /** The server refuses what was paid, again and again. */
  record GatewayRefused(int status, String detail) implements PayerRefusal {
    @Override
    public String reason() {
      return "the gateway refuses the payment (" + status + "): " + detail;
    }
  }

  /** The request's body was sent and cannot be sent again with a payment. */
  record BodyNotRepeatable() implements PayerRefusal {
    @Override
    public String reason() {
      return "the gateway asked for a payment after the request's body was sent; send it again";
    }
  }

  /** The state on disk cannot be used. */
  record StateUnusable(String why) implements PayerRefusal {
    @Override
    public String reason() {
      return why;
    }
  }

  /** What happened and what to change, in one line. */
  String reason();
}
