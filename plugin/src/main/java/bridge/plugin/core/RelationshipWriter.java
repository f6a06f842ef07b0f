package bridge.plugin.core;

import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Column;
import bridge.plugin.v1.Done;
import bridge.plugin.v1.WriteRelationships;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.eclipse.collections.impl.list.mutable.primitive.LongArrayList;
import org.eclipse.collections.impl.map.mutable.primitive.LongObjectHashMap;
import org.eclipse.collections.impl.set.mutable.primitive.LongHashSet;
import org.neo4j.graphdb.Direction;
import org.neo4j.graphdb.GraphDatabaseService;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.NotFoundException;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.RelationshipType;
import org.neo4j.graphdb.Transaction;

/**
 * Makes the relationships of one type and owner be exactly the rows that come: what is there already stays, what is
 * missing is made, the owner's others are deleted. New ones come before old ones are deleted, and a second run with the
 * same rows changes nothing, so that batches that were cut off can be repeated. Two writes of one type and owner wait
 * for each other: neither would see what the other makes, and both would stay.
 */
@SuppressWarnings("deprecation") // GDS knows nodes by their internal ids, so relationships are kept track of by theirs
public final class RelationshipWriter {
    private final WriteRelationships command;
    private final Transaction callers;
    private final Batches batches;
    private final NodeIds ids;
    private final Call call;
    private final RelationshipType type;
    private final Map<String, Object> constants;
    private final ZonedDateTime now = ZonedDateTime.now(ZoneOffset.UTC);
    private final long startNanos = System.nanoTime();

    /** Neo4j's ids of the sources that had rows. */
    private final LongHashSet written = new LongHashSet();
    /** Relationships to delete when all new ones are there. */
    private final LongArrayList old = new LongArrayList();
    /** The owner's relationships of before, when they are replaced everywhere, and the nodes where they start. */
    private final LongArrayList owned = new LongArrayList();

    private final LongArrayList ownedStarts = new LongArrayList();

    private long source = -1;
    private final List<Wanted> group = new ArrayList<>();
    private long created;
    private long deleted;
    private long unchanged;

    public RelationshipWriter(
            WriteRelationships command, GraphDatabaseService database, Transaction callers, NodeIds ids, Call call) {
        this.command = command;
        this.callers = callers;
        this.batches = new Batches(database, callers, command.getBatchSize());
        this.ids = ids;
        this.call = call;
        this.type = RelationshipType.withName(command.getType());
        this.constants = Values.toJava(command.getConstants());
        constants.values().removeIf(Objects::isNull);
    }

    /** Carry out the command on these chunks. */
    public Done write(Chunks chunks) {
        try (batches) {
            KernelSide.lock(callers, "%s\n%s".formatted(command.getType(), owner()));
            if (everywhere()) {
                findOwned();
            }
            for (Chunk chunk = chunks.next(); ; chunk = chunks.next()) {
                add(chunk);
                if (chunk.getLast()) {
                    break;
                }
            }
            writeGroup();
            batches.commit();
            findOthers();
            deleteOld();
            batches.commit();
        }
        return Done.newBuilder()
                .setWritten(created)
                .setDeleted(deleted)
                .setUnchanged(unchanged)
                .setMillis((System.nanoTime() - startNanos) / 1_000_000)
                .build();
    }

    private void add(Chunk chunk) {
        if (chunk.getRows() == 0) {
            return;
        }
        var sources = ColumnReader.of(chunk, "source");
        var targets = ColumnReader.of(chunk, "target");
        var properties = new ArrayList<ColumnReader>();
        for (Column column : chunk.getColumnsList()) {
            if (!column.getName().equals("source") && !column.getName().equals("target")) {
                properties.add(new ColumnReader(column, chunk.getRows()));
            }
        }
        List<String> keys = properties.stream().map(ColumnReader::name).toList();
        for (int row = 0; row < chunk.getRows(); row++) {
            if (sources.integer(row) != source) {
                writeGroup();
                source = sources.integer(row);
            }
            var values = new Object[properties.size()];
            for (int position = 0; position < values.length; position++) {
                values[position] = properties.get(position).value(row);
            }
            group.add(new Wanted(ids.checked(targets.integer(row)), keys, values));
        }
    }

    /** Compare the rows of one source with what it has, and make what is missing. */
    private void writeGroup() {
        if (group.isEmpty()) {
            return;
        }
        call.check();
        Node start = batches.node(ids.checked(source));
        if (start != null) {
            written.add(start.getId());
            var existing = existing(start);
            for (Wanted wanted : group) {
                if (take(existing.get(wanted.target()), wanted)) {
                    unchanged++;
                } else {
                    create(start, wanted);
                }
            }
            existing.forEachValue(others -> others.forEach(each -> old.add(each.getId())));
        }
        group.clear();
        batches.mayCommit();
    }

    /** What the owner has at a source, by its end. */
    private LongObjectHashMap<List<Relationship>> existing(Node start) {
        var existing = new LongObjectHashMap<List<Relationship>>();
        if (!everywhere() || !owned.isEmpty()) {
            ofOwner(start).forEach(each -> existing.getIfAbsentPut(each.getEndNodeId(), ArrayList::new)
                    .add(each));
        }
        return existing;
    }

    private boolean take(List<Relationship> existing, Wanted wanted) {
        if (existing == null) {
            return false;
        }
        for (int index = 0; index < existing.size(); index++) {
            if (agrees(existing.get(index), wanted)) {
                existing.remove(index);
                return true;
            }
        }
        return false;
    }

    /** Say whether a relationship has what is wanted; a mark that somebody added to it is no difference. */
    private boolean agrees(Relationship stored, Wanted wanted) {
        Map<String, Object> properties = stored.getAllProperties();
        for (int position = 0; position < wanted.values().length; position++) {
            if (!Objects.equals(
                    wanted.values()[position], properties.get(wanted.keys().get(position)))) {
                return false;
            }
        }
        return properties.entrySet().containsAll(constants.entrySet());
    }

    private void create(Node start, Wanted wanted) {
        Node end = batches.node(wanted.target());
        if (end == null) {
            return; // deleted since the projection
        }
        Relationship relationship;
        try {
            relationship = start.createRelationshipTo(end, type);
        } catch (NotFoundException deletedSinceTheLookUp) {
            return;
        }
        constants.forEach(relationship::setProperty);
        wanted.forEach(relationship::setProperty);
        if (!command.getCreatedProperty().isEmpty()) {
            relationship.setProperty(command.getCreatedProperty(), now);
        }
        created++;
        batches.changed();
    }

    private Object owner() {
        return constants.get(command.getOwnerProperty());
    }

    /** The owner's old relationships are replaced at all nodes, not at some sources only. */
    private boolean everywhere() {
        return command.getSources().getColumnsCount() == 0;
    }

    /** Find what the owner has before anything is written: later it would stand among what is new. */
    private void findOwned() {
        String property = command.getOwnerProperty();
        try (var found = batches.transaction().findRelationships(type, property, owner())) {
            while (found.hasNext()) {
                Relationship each = found.next();
                owned.add(each.getId());
                ownedStarts.add(each.getStartNodeId());
            }
        }
    }

    /** Find what the owner has at nodes without rows: at the sources named, or everywhere. */
    private void findOthers() {
        for (int index = 0; index < owned.size(); index++) {
            if (!written.contains(ownedStarts.get(index))) {
                old.add(owned.get(index));
            }
        }
        if (everywhere()) {
            return;
        }
        var sources = ColumnReader.of(command.getSources(), "source");
        for (int row = 0; row < command.getSources().getRows(); row++) {
            call.check();
            Node start = batches.node(ids.checked(sources.integer(row)));
            if (start != null && !written.contains(start.getId())) {
                ofOwner(start).forEach(each -> old.add(each.getId()));
            }
        }
    }

    private void deleteOld() {
        for (int index = 0; index < old.size(); index++) {
            if (index % 1000 == 0) {
                call.check();
            }
            try {
                batches.transaction().getRelationshipById(old.get(index)).delete();
                deleted++;
                batches.changed();
                batches.mayCommit();
            } catch (NotFoundException gone) {
                // somebody else deleted it between two batches
            }
        }
    }

    private List<Relationship> ofOwner(Node start) {
        var owned = new ArrayList<Relationship>();
        Object owner = owner();
        try (var relationships = start.getRelationships(Direction.OUTGOING, type)) {
            for (Relationship each : relationships) {
                if (owner.equals(each.getProperty(command.getOwnerProperty(), null))) {
                    owned.add(each);
                }
            }
        }
        return owned;
    }

    /** A row: the values of the properties that are not the same for all, null where there is none. */
    private record Wanted(long target, List<String> keys, Object[] values) {
        void forEach(BiConsumer<String, Object> use) {
            for (int position = 0; position < values.length; position++) {
                if (values[position] != null) {
                    use.accept(keys.get(position), values[position]);
                }
            }
        }
    }
}
