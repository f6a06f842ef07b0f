"""The edge: gRPC in, gRPC out."""
