// Write ten recommendations for every user. A second run with the same model changes nothing;
// with a newer one it replaces the older one's relationships.

CALL bridge.recommend.write('movies', {
  modelName: 'recommender',
  topK: 10
}) YIELD relationshipsWritten, relationshipsDeleted, relationshipsUnchanged, writeMillis;

MATCH (:User {userId: 1})-[recommended:RECOMMENDED]->(movie:Movie)
RETURN movie.title AS title, recommended.rank AS rank, recommended.score AS score
ORDER BY rank;
