package bridge.plugin.core;

import bridge.plugin.v1.CallResponse;
import java.util.Collections;
import java.util.Iterator;
import java.util.NoSuchElementException;

/** The rows of a call, pulled one by one; on the way, the server's questions are answered. */
final class Rows implements Iterator<Row>, AutoCloseable {
    private final Call call;
    private final Answers answers;
    private Iterator<Row> chunk = Collections.emptyIterator();
    private boolean over;

    Rows(Call call, Answers answers) {
        this.call = call;
        this.answers = answers;
    }

    @Override
    public boolean hasNext() {
        try {
            while (!chunk.hasNext() && !over) {
                CallResponse message = call.next();
                if (message == null) {
                    over = true;
                    answers.finished();
                } else if (message.hasRows()) {
                    chunk = answers.rows(message.getRows());
                } else {
                    answers.answer(message, call);
                }
            }
            return chunk.hasNext();
        } catch (RuntimeException | Error failure) {
            close();
            throw failure;
        } finally {
            if (over) {
                close();
            }
        }
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return chunk.next();
    }

    @Override
    public void close() {
        over = true;
        try (answers) {
            call.close();
        }
    }
}
