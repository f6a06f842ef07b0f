// Put users, movies, ratings, genres and people into memory: what every training and prediction below works on.

CALL gds.graph.drop('movies', false) YIELD graphName;

CALL gds.graph.project('movies', {
  User: {},
  Movie: {properties: ['fastrp']},
  Genre: {},
  Person: {}
}, {
  RATED: {properties: ['rating', 'timestamp']},
  IN_GENRE: {},
  ACTED_IN: {},
  DIRECTED: {}
}) YIELD graphName, nodeCount, relationshipCount, projectMillis;
