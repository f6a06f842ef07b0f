package bridge.plugin.core;

import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Column;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/** The rows of one chunk. Those with a node that the transaction does not see are left out. */
public final class ChunkRows implements Iterator<Row> {
    private final Map<String, ColumnReader> columns = new HashMap<>();
    private final List<ColumnReader> nodeIds = new ArrayList<>();
    private final VisibleNodes nodes;
    private final int rows;
    private int next;

    /**
     * @param nodes what turns node ids into Neo4j's; null where there are none
     */
    public ChunkRows(Chunk chunk, VisibleNodes nodes) {
        this.nodes = nodes;
        this.rows = Math.toIntExact(chunk.getRows());
        for (Column column : chunk.getColumnsList()) {
            var reader = new ColumnReader(column, rows);
            columns.put(reader.name(), reader);
            if (reader.nodeIds() && nodes != null) {
                nodeIds.add(reader);
            }
        }
    }

    @Override
    public boolean hasNext() {
        while (next < rows && !visible(next)) {
            next++;
        }
        return next < rows;
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        int row = next++;
        return name -> {
            ColumnReader column = columns.get(name);
            return column == null
                    ? null
                    : column.nodeIds() && nodes != null ? original(column.value(row)) : column.value(row);
        };
    }

    private boolean visible(int row) {
        for (ColumnReader column : nodeIds) {
            if (column.has(row)) {
                for (int position = 0; position < column.width(); position++) {
                    if (!nodes.sees(column.integer(row * column.width() + position))) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    private Object original(Object internal) {
        if (internal instanceof List<?> list) {
            return list.stream().map(this::original).toList();
        }
        return internal == null ? null : (Object) nodes.original((Long) internal);
    }
}
