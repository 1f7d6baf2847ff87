#pragma once

// The work of a pipeline without a framework: one process, three threads, each with a connection on an event loop of its own.
// A publisher, a handler that appends one event per command under a condition and a message id, and a projector that counts rows in SQLite.

typedef struct {
    const char *url;      // nats://host:port
    const char *rows;     // the path of a SQLite file that does not exist yet
    int commands;
    int aggregates;
    int payload;          // bytes of a command's and of an event's body, at least 16
    int rate;             // commands a second; 0: as fast as it goes
} bench_floor_options;

typedef struct {
    double seconds;       // from the first publish to the last row committed
    long rows;            // what the rows count together afterwards
    double *latencies;    // seconds from each command's due time to its committed row, in order of commit; free() it
    char error[256];      // empty where all went well
} bench_floor_result;

void bench_floor_run(const bench_floor_options *options, bench_floor_result *result);
