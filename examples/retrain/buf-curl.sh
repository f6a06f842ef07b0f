#!/bin/sh
# Start a recipe without the bridge command: `buf-curl.sh movielens [ADDRESS [REQUEST_ID]]`. The server's reflection
# tells buf what there is. With a token, add:
# --header "Authorization: Bearer $(cat /etc/bridge/operator-token)" --reflect-header '*'
set -eu
recipe=${1:?name a recipe}
address=${2:-127.0.0.1:7690}
request=${3:-$recipe-$(date +%F)}

exec buf curl --protocol grpc --http2-prior-knowledge \
  --data "{\"recipe\": \"$recipe\", \"request_id\": \"$request\"}" \
  "http://$address/bridge.v1.TrainingService/Retrain"
