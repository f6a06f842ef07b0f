package bridge.plugin.core;

import bridge.plugin.v1.Chunk;

/** The chunks that follow a command; the one with {@code last} ends them. */
@FunctionalInterface
public interface Chunks {
    Chunk next();
}
