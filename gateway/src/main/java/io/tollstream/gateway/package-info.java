/** The command line, the configuration and the place where everything is put together. */
@NullMarked
package io.tollstream.gateway;

import org.jspecify.annotations.NullMarked;
