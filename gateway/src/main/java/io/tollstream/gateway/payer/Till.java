package io.tollstream.gateway.payer;

import io.vertx.core.Context;

/** What every channel of one run shares. */
record Till(
    Context context,
    GatewayLink link,
    ChannelStore store,
    SpendingPolicy policy,
    RunBudget budget,
    Offers offers,
    Deposits deposits) {}
