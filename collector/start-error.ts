/** Something outside keeps Waybill from starting: a taken port, a locked directory. The message is for a person. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
