// Look at user 1's recommendations. In Neo4j Browser the first and the last statement draw pictures.

MATCH path = (:User {userId: 1})-[:RECOMMENDED]->(:Movie)
RETURN path;

// The ten recommended movies beside the ten that the user rated highest.
MATCH (user:User {userId: 1})
CALL (user) {
  MATCH (user)-[recommended:RECOMMENDED]->(movie:Movie)
  WITH movie.title AS title ORDER BY recommended.rank LIMIT 10
  RETURN collect(title) AS recommendedTitles
}
CALL (user) {
  MATCH (user)-[rated:RATED]->(movie:Movie)
  WITH movie.title AS title, rated.rating AS rating ORDER BY rating DESC, rated.timestamp DESC, movie.movieId LIMIT 10
  RETURN collect({title: title, rating: rating}) AS highest
}
UNWIND range(0, 9) AS place
RETURN place + 1 AS rank, recommendedTitles[place] AS recommended, highest[place].title AS ratedHighest, highest[place].rating AS rating;

// What ties them: people whom a recommended movie shares with one that the user gave five stars.
MATCH path = (user:User {userId: 1})-[:RECOMMENDED]->(:Movie)<-[:ACTED_IN|DIRECTED]-(:Person)-[:ACTED_IN|DIRECTED]->(:Movie)<-[rated:RATED]-(user)
WHERE rated.rating = 5
RETURN path LIMIT 25;
