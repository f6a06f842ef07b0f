package bridge.plugin.gds;

import bridge.plugin.Board;
import bridge.plugin.core.Columns;
import bridge.plugin.v1.Column;
import org.junit.jupiter.api.BeforeEach;

/** Three items in a row, projected as `g`, instead of users and movies. */
abstract class ItemBoard extends ProjectedBoard {
    @Override
    @BeforeEach
    void project() {
        Board.create(
                database,
                "CREATE (a:Item {x: 0.0}), (b:Item {x: 1.0}), (c:Item {x: 2.0}), (a)-[:R]->(b), (b)-[:R]->(c)"
                        + " RETURN [id(a), id(b), id(c)] AS ids");
        run("CALL gds.graph.project('g', {Item: {properties: ['x']}}, 'R')");
    }

    static Column floats(String name, double... values) {
        return Columns.floats(name, values, values.length, null);
    }
}
