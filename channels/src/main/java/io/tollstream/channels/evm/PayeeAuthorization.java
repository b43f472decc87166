package io.tollstream.channels.evm;

import io.tollstream.channels.Signature;
import java.math.BigInteger;

/**
 * A payee's leave for anybody to redeem one voucher in its place (draft-evm-session-00,
 * "Payee-initiated functions").
 *
 * @param nonce not used before on the channel; counting costs less gas than random ones
 * @param deadline the last second, in Unix time, at which it counts
 */
record PayeeAuthorization(BigInteger nonce, BigInteger deadline, Signature signature) {}
