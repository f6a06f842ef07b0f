package bridge.plugin.gds;

import bridge.plugin.core.Answers;
import bridge.plugin.core.BridgeException;
import bridge.plugin.core.Call;
import bridge.plugin.core.ChunkRows;
import bridge.plugin.core.Chunks;
import bridge.plugin.core.Links;
import bridge.plugin.core.NodeIds;
import bridge.plugin.core.NodePropertyWriter;
import bridge.plugin.core.RelationshipWriter;
import bridge.plugin.core.Row;
import bridge.plugin.core.StoredProperties;
import bridge.plugin.core.VisibleNodes;
import bridge.plugin.v1.CallRequest;
import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.CheckLinks;
import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Done;
import bridge.plugin.v1.ReadNodeProperties;
import java.util.Iterator;
import java.util.Set;
import org.neo4j.gds.NodeLabel;
import org.neo4j.gds.api.GraphStore;
import org.neo4j.graphdb.GraphDatabaseService;
import org.neo4j.graphdb.Transaction;

/** Answers the server's questions about a projection, and carries out its commands, in the caller's transaction. */
final class ProjectionAnswers implements Answers {
    private final Projections projections;
    private final GraphDatabaseService database;
    private final Transaction transaction;
    private final JobProgress job;
    private VisibleNodes nodes;

    ProjectionAnswers(
            Projections projections, GraphDatabaseService database, Transaction transaction, JobProgress job) {
        this.projections = projections;
        this.database = database;
        this.transaction = transaction;
        this.job = job;
    }

    @Override
    public void answer(CallResponse message, Call call) {
        switch (message.getMessageCase()) {
            case DESCRIBE -> describe(message.getDescribe().getGraphName(), call);
            case READ_PROJECTION -> new ProjectionReader(
                            projection(message.getReadProjection().getGraphName()), call)
                    .send(message.getReadProjection());
            case READ_NODE_PROPERTIES -> readStored(message.getReadNodeProperties(), call);
            case CHECK_LINKS -> checkLinks(message.getCheckLinks(), call);
            case JOB -> job.start(message.getJob());
            case PROGRESS -> job.progress(message.getProgress());
            default -> call.send(CallRequest.newBuilder()
                    .setDone(carryOut(message, call, () -> nextChunk(call)))
                    .build());
        }
    }

    private Done carryOut(CallResponse message, Call call, Chunks chunks) {
        return switch (message.getMessageCase()) {
            case MUTATE_NODE_PROPERTY -> {
                var command = message.getMutateNodeProperty();
                yield new NodePropertyMutation(projection(command.getGraphName()), command).apply(chunks);
            }
            case MUTATE_RELATIONSHIPS -> {
                var command = message.getMutateRelationships();
                yield new RelationshipMutation(projection(command.getGraphName()), command, call).apply(chunks);
            }
            case WRITE_NODE_PROPERTY -> {
                var command = message.getWriteNodeProperty();
                NodeIds ids = ids(projection(command.getGraphName()));
                yield new NodePropertyWriter(command, database, transaction, ids, call).write(chunks);
            }
            case WRITE_RELATIONSHIPS -> {
                var command = message.getWriteRelationships();
                NodeIds ids = ids(projection(command.getGraphName()));
                yield new RelationshipWriter(command, database, transaction, ids, call).write(chunks);
            }
            default -> throw BridgeException.failed(
                    "The bridge server sent a message out of turn, or one that this plugin does not know.");
        };
    }

    private void describe(String name, Call call) {
        var description = new Descriptions(projections, transaction).describe(name);
        if (description.getFound()) {
            projection(name);
        }
        call.send(CallRequest.newBuilder().setDescription(description).build());
    }

    private void readStored(ReadNodeProperties question, Call call) {
        GraphStore graph = projection(question.getGraphName());
        var reader = new StoredProperties(transaction, ids(graph), question.getPropertiesList());
        var label = Set.of(NodeLabel.of(question.getLabel()));
        reader.send(question.getLabel(), graph.nodes().nodeIterator(label), call);
    }

    private void checkLinks(CheckLinks question, Call call) {
        var links = new Links(transaction, ids(projection(question.getGraphName())));
        call.send(CallRequest.newBuilder().setChunk(links.check(question, call)).build());
    }

    /** The next chunk of a command; between two may stand heartbeats, and questions that the next one depends on. */
    private Chunk nextChunk(Call call) {
        while (true) {
            CallResponse message = call.next();
            if (message != null && message.hasChunk()) {
                return message.getChunk();
            }
            if (message == null || !(message.hasProgress() || message.hasCheckLinks())) {
                throw BridgeException.failed("The bridge server ended a command before its last chunk.");
            }
            answer(message, call);
        }
    }

    /** A projection, to whose nodes the ids of rows belong from now on. */
    private GraphStore projection(String name) {
        GraphStore graph = projections.get(name);
        if (nodes == null) {
            nodes = new VisibleNodes(transaction, ids(graph));
        }
        return graph;
    }

    @Override
    public Iterator<Row> rows(Chunk chunk) {
        return new ChunkRows(chunk, nodes);
    }

    @Override
    public void finished() {
        job.finish();
    }

    @Override
    public void close() {
        job.close();
    }

    private static NodeIds ids(GraphStore graph) {
        var map = graph.nodes();
        return new NodeIds() {
            @Override
            public long original(long internal) {
                return map.toOriginalNodeId(internal);
            }

            @Override
            public long count() {
                return map.nodeCount();
            }
        };
    }
}
