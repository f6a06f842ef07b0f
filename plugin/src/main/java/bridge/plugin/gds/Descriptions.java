package bridge.plugin.gds;

import bridge.plugin.v1.Description;
import bridge.plugin.v1.KeyConstraint;
import bridge.plugin.v1.LabelDescription;
import bridge.plugin.v1.PropertyDescription;
import bridge.plugin.v1.RelationshipTypeDescription;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.neo4j.gds.NodeLabel;
import org.neo4j.gds.RelationshipType;
import org.neo4j.gds.api.GraphStore;
import org.neo4j.graphdb.Transaction;
import org.neo4j.graphdb.schema.ConstraintDefinition;
import org.neo4j.graphdb.schema.ConstraintType;

/** Says what is in a projection, and which keys the database guarantees. */
final class Descriptions {
    private static final Set<ConstraintType> KEYS = Set.of(ConstraintType.UNIQUENESS, ConstraintType.NODE_KEY);

    private final Projections projections;
    private final Transaction transaction;

    Descriptions(Projections projections, Transaction transaction) {
        this.projections = projections;
        this.transaction = transaction;
    }

    Description describe(String name) {
        var description = Description.newBuilder().addAllGraphNames(projections.names());
        if (!projections.exists(name)) {
            return description.build();
        }
        GraphStore graph = projections.get(name);
        return description
                .setFound(true)
                .setNodeCount(graph.nodeCount())
                .setRelationshipCount(graph.relationshipCount())
                .setCreatedMillis(graph.creationTime().toInstant().toEpochMilli())
                .setModifiedMillis(graph.modificationTime().toInstant().toEpochMilli())
                .addAllLabels(labels(graph))
                .addAllRelationshipTypes(types(graph, new StoredTypes(projections.config(name), transaction)))
                .addAllConstraints(constraints())
                .setCanWrite(graph.capabilities().canWriteToLocalDatabase())
                .build();
    }

    private static List<LabelDescription> labels(GraphStore graph) {
        return graph.nodeLabels().stream()
                .sorted(Comparator.comparing(NodeLabel::name))
                .map(label -> LabelDescription.newBuilder()
                        .setLabel(label.name())
                        .setNodeCount(graph.nodes().nodeCount(label))
                        .addAllProperties(graph.nodePropertyKeys(label).stream()
                                .sorted()
                                .map(key -> nodeProperty(graph, label, key))
                                .toList())
                        .build())
                .toList();
    }

    private static PropertyDescription nodeProperty(GraphStore graph, NodeLabel label, String key) {
        return PropertyDescription.newBuilder()
                .setName(key)
                .setValueType(graph.nodeProperty(key).valueType().name())
                .setDimension(NodeColumn.of(graph, label, key).width())
                .build();
    }

    private static List<RelationshipTypeDescription> types(GraphStore graph, StoredTypes stored) {
        return graph.relationshipTypes().stream()
                .sorted(Comparator.comparing(RelationshipType::name))
                .map(type -> RelationshipTypeDescription.newBuilder()
                        .setType(type.name())
                        .setRelationshipCount(graph.relationshipCount(type))
                        .setStoredType(stored.of(type))
                        .setUndirected(graph.schema().relationshipSchema().isUndirected(type))
                        .addAllProperties(graph.relationshipPropertyKeys(type).stream()
                                .sorted()
                                .map(key -> PropertyDescription.newBuilder()
                                        .setName(key)
                                        .setValueType(graph.relationshipPropertyType(key)
                                                .name())
                                        .setDimension(1)
                                        .build())
                                .toList())
                        .build())
                .toList();
    }

    private List<KeyConstraint> constraints() {
        return StreamSupport.stream(transaction.schema().getConstraints().spliterator(), false)
                .filter(each -> KEYS.contains(each.getConstraintType()))
                .filter(each -> property(each) != null)
                .map(each -> KeyConstraint.newBuilder()
                        .setLabel(each.getLabel().name())
                        .setProperty(property(each))
                        .build())
                .sorted(Comparator.comparing(KeyConstraint::getLabel).thenComparing(KeyConstraint::getProperty))
                .toList();
    }

    /** The one property of a constraint; null when it has several. */
    private static String property(ConstraintDefinition constraint) {
        var keys = constraint.getPropertyKeys().iterator();
        String first = keys.next();
        return keys.hasNext() ? null : first;
    }
}
