// Imported by every process of the demo: the end of standard input says that the driver is gone, however it ended.
process.stdin.once('end', () => process.exit(0));
process.stdin.resume();
