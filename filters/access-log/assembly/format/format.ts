import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { LITERAL_BYTES_MAX } from '../line';
import { Piece } from './piece';

/** A comma, two quotes, and the longest number. */
const PIECE_BYTES_MAX = 24;

/** What a line looks like: text and operators in order, made once. */
export class Format {
  private readonly pieces: Array<Piece> = [] as Piece[];
  private literalBytes: i32 = 0;

  add(piece: Piece): void {
    this.literalBytes += piece.literal.size + PIECE_BYTES_MAX;
    this.pieces.push(piece);
  }

  /** Adds text that stands in every line. */
  text(text: string, comma: bool = false): void {
    if (text.length > 0) this.add(new Piece(Bytes.of(text), null, comma));
  }

  /** Whether the text of the format itself is longer than what a line has room for. */
  get tooLong(): bool {
    return this.literalBytes > LITERAL_BYTES_MAX;
  }

  write(): void {
    for (let i = 0; i < this.pieces.length; i++) unchecked(this.pieces[i]).write();
  }
}
