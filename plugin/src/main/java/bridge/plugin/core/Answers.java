package bridge.plugin.core;

import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.Chunk;
import java.util.Iterator;

/** What the database's side of a call does: it answers the server's questions, and knows the projection's nodes. */
public interface Answers extends AutoCloseable {
    /** Answer a question, or carry out a command, of which the message is the first. */
    void answer(CallResponse message, Call call);

    /** Turn a chunk into rows, with Neo4j's node ids. */
    Iterator<Row> rows(Chunk chunk);

    /** Say that the call came to its orderly end. */
    default void finished() {}

    /** Let go of everything; without {@link #finished} before, the call has failed or is not wanted any more. */
    @Override
    default void close() {}

    /** For procedures without a projection: there is nothing to ask. */
    Answers NONE = new Answers() {
        @Override
        public void answer(CallResponse message, Call call) {
            if (!message.hasProgress() && !message.hasJob()) {
                throw BridgeException.failed(
                        "The bridge server asked this procedure for a projection, and it has none.");
            }
        }

        @Override
        public Iterator<Row> rows(Chunk chunk) {
            return new ChunkRows(chunk, null);
        }
    };
}
