// Imported by every process of the demo: the end of standard input says that the driver is gone, however it ended.
// Nobody reads what is still to be said, so nothing is waited for.
process.stdin.once('end', () => process.exit(0));
process.stdin.resume();
// A process that has nothing left to do ends all the same.
process.stdin.unref();
