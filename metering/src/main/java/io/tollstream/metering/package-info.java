/** Quantities, exact prices and the stream meter: pure, and nothing but the JDK. */
@NullMarked
package io.tollstream.metering;

import org.jspecify.annotations.NullMarked;
