package bridge.plugin.core;

import java.util.AbstractList;
import java.util.RandomAccess;

/** A list of floats that makes an object of an element only when it is asked for; nobody changes it. */
final class FloatList extends AbstractList<Double> implements RandomAccess {
    private final double[] elements;

    /** The list keeps the array: it must not change any more. */
    FloatList(double[] elements) {
        this.elements = elements;
    }

    @Override
    public Double get(int index) {
        return elements[index];
    }

    @Override
    public int size() {
        return elements.length;
    }
}
