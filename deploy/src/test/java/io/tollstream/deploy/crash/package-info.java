/**
 * The crash harness: gateways under load are killed at random moments and started again, while
 * payers with real keys keep an exact account of what they hold.
 */
@NullMarked
package io.tollstream.deploy.crash;

import org.jspecify.annotations.NullMarked;
