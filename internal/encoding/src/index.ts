/** How bodies of items and results are encoded: text, bytes or JSON that keeps everything. Bundled into producer and worker. */
export { bytesOf, type EncodedBody, encodeBody } from './encode-body.ts'
