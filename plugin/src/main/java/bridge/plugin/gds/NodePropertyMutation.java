package bridge.plugin.gds;

import bridge.plugin.core.BridgeException;
import bridge.plugin.core.Chunks;
import bridge.plugin.core.ColumnReader;
import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Done;
import bridge.plugin.v1.MutateNodeProperty;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.neo4j.gds.NodeLabel;
import org.neo4j.gds.api.GraphStore;
import org.neo4j.gds.api.properties.nodes.NodePropertyValues;

/** Adds a node property to a projection, whole, when all of it is there; a failure leaves the projection as it was. */
final class NodePropertyMutation {
    private final GraphStore graph;
    private final MutateNodeProperty command;
    private final Set<NodeLabel> labels = new HashSet<>();
    private NodeValues values;

    NodePropertyMutation(GraphStore graph, MutateNodeProperty command) {
        this.graph = graph;
        this.command = command;
        labels.add(NodeLabel.of(command.getLabel()));
        command.getFurtherLabelsList().forEach(each -> labels.add(NodeLabel.of(each)));
    }

    Done apply(Chunks chunks) {
        long start = System.nanoTime();
        long written = 0;
        for (Chunk chunk = chunks.next(); ; chunk = chunks.next()) {
            written += add(chunk);
            if (chunk.getLast()) {
                break;
            }
        }
        if (values == null) {
            values = NodeValues.empty(graph.nodeCount(), command.getDimension(), false);
        }
        add();
        return Done.newBuilder()
                .setWritten(written)
                .setMillis((System.nanoTime() - start) / 1_000_000)
                .build();
    }

    private long add(Chunk chunk) {
        if (chunk.getRows() == 0) {
            return 0;
        }
        var ids = ColumnReader.of(chunk, "id");
        var column = ColumnReader.of(chunk, "value");
        if (values == null) {
            values = NodeValues.empty(graph.nodeCount(), command.getDimension(), column.isInteger());
        }
        long written = 0;
        for (int row = 0; row < chunk.getRows(); row++) {
            long node = ids.integer(row);
            if (node < 0 || node >= graph.nodeCount()) {
                throw BridgeException.failed("The bridge server named the node %d of a projection of %d nodes."
                        .formatted(node, graph.nodeCount()));
            }
            if (column.has(row)) {
                if (values.toGds().hasValue(node)) {
                    refuseIf(!values.is(node, column, row), node);
                    continue;
                }
                values.set(node, column, row);
                written++;
            }
        }
        return written;
    }

    /** Add the values to the projection. GDS keeps one column a name for all labels, and has no way to extend one. */
    private void add() {
        String property = command.getProperty();
        synchronized (graph) { // GDS's own changes hold the same monitor: nobody adds or drops in between
            Set<NodeLabel> others = labelsWithProperty();
            if (others.isEmpty()) {
                graph.addNodeProperty(labels, property, values.toGds());
                return;
            }
            NodePropertyValues old = graph.nodeProperty(property).values();
            takeOver(old, others);
            graph.removeNodeProperty(property);
            var all = new HashSet<>(others);
            all.addAll(labels);
            try {
                graph.addNodeProperty(all, property, values.toGds());
            } catch (RuntimeException failure) {
                graph.addNodeProperty(others, property, old);
                throw failure;
            }
        }
    }

    private Set<NodeLabel> labelsWithProperty() {
        String property = command.getProperty();
        if (labels.stream().anyMatch(each -> graph.hasNodeProperty(each, property))) {
            throw BridgeException.argument(
                    "Node property `%s` already exists in the in-memory graph.".formatted(property));
        }
        return graph.nodeLabels().stream()
                .filter(each -> graph.hasNodeProperty(each, property))
                .collect(Collectors.toSet());
    }

    /** Take over what other labels' nodes have, so that the new column can stand in for the old one. */
    private void takeOver(NodePropertyValues old, Set<NodeLabel> others) {
        NodePropertyValues now = values.toGds();
        if (old.valueType() != now.valueType()) {
            throw BridgeException.argument(
                    "Node property `%s` exists on another label with values of type %s; these are of type %s. Choose another `mutateProperty`."
                            .formatted(
                                    command.getProperty(),
                                    old.valueType().name(),
                                    now.valueType().name()));
        }
        var nodes = graph.nodes().nodeIterator(others);
        while (nodes.hasNext()) {
            long node = nodes.nextLong();
            if (!now.hasValue(node)) {
                values.copy(node, old);
            } else {
                refuseIf(old.hasValue(node) && !values.is(node, old), node);
            }
        }
    }

    /** A node has one value, whatever its labels. */
    private void refuseIf(boolean different, long node) {
        if (different) {
            throw BridgeException.argument(
                    "The node %d has more than one label, and under another one it has another value of the node property `%s`. Choose another `mutateProperty` for each of these labels."
                            .formatted(graph.nodes().toOriginalNodeId(node), command.getProperty()));
        }
    }
}
