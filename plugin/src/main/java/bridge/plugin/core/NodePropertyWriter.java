package bridge.plugin.core;

import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Done;
import bridge.plugin.v1.WriteNodeProperty;
import org.neo4j.graphdb.GraphDatabaseService;
import org.neo4j.graphdb.NotFoundException;
import org.neo4j.graphdb.Transaction;

/** Writes one property of nodes to the store. A second run with the same rows changes nothing. */
@SuppressWarnings("deprecation") // GDS knows nodes by their internal ids
public final class NodePropertyWriter {
    private static final int ROWS_BETWEEN_CHECKS = 1000;

    private final WriteNodeProperty command;
    private final Batches batches;
    private final NodeIds ids;
    private final Call call;
    private long written;

    public NodePropertyWriter(
            WriteNodeProperty command, GraphDatabaseService database, Transaction callers, NodeIds ids, Call call) {
        this.command = command;
        this.batches = new Batches(database, callers, command.getBatchSize());
        this.ids = ids;
        this.call = call;
    }

    /** Carry out the command on these chunks. */
    public Done write(Chunks chunks) {
        long start = System.nanoTime();
        try (batches) {
            for (Chunk chunk = chunks.next(); ; chunk = chunks.next()) {
                write(chunk);
                if (chunk.getLast()) {
                    break;
                }
            }
            batches.commit();
        }
        return Done.newBuilder()
                .setWritten(written)
                .setMillis((System.nanoTime() - start) / 1_000_000)
                .build();
    }

    private void write(Chunk chunk) {
        if (chunk.getRows() == 0) {
            return;
        }
        var nodes = ColumnReader.of(chunk, "id");
        var values = ColumnReader.of(chunk, "value");
        for (int row = 0; row < chunk.getRows(); row++) {
            if (row % ROWS_BETWEEN_CHECKS == 0) {
                call.check();
            }
            if (values.has(row)) {
                set(ids.checked(nodes.integer(row)), command.getVectors() ? values.array(row) : values.value(row));
            }
        }
    }

    private void set(long node, Object value) {
        try {
            batches.transaction().getNodeById(node).setProperty(command.getProperty(), value);
        } catch (NotFoundException deletedSinceTheProjection) {
            return;
        }
        written++;
        batches.changed();
        batches.mayCommit();
    }
}
