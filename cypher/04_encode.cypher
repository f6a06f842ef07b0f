// Turn titles and genres into numbers. Both go into the projection alone, the database stays as it is.

// A sentence transformer reads each title: 384 numbers a movie.
CALL bridge.encode.text.mutate('movies', {
  nodeLabels: ['Movie'],
  sourceProperty: 'title',
  mutateProperty: 'titleEmbedding'
}) YIELD nodePropertiesWritten, mutateMillis;

// A column for each genre, 1 where the movie has it.
CALL bridge.encode.multiHot.mutate('movies', {
  nodeLabels: ['Movie'],
  relationshipTypes: ['IN_GENRE'],
  mutateProperty: 'genres'
}) YIELD nodePropertiesWritten, mutateMillis;
