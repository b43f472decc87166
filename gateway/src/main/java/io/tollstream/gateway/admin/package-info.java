/** The management port: health, readiness, scrape, tabs. */
@NullMarked
package io.tollstream.gateway.admin;

import org.jspecify.annotations.NullMarked;
