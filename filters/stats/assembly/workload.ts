/** One end of a request, as Istio's labels name it; empty: not known. */
export class Workload {
  name: string = '';
  namespace: string = '';
  app: string = '';
  version: string = '';
  canonicalName: string = '';
  canonicalRevision: string = '';
  cluster: string = '';
  principal: string = '';

  /** Istio's rule for workloads that nobody labelled. */
  settleCanonical(): void {
    if (this.canonicalName.length === 0) {
      this.canonicalName = this.app.length > 0 ? this.app : this.name;
    }
    if (this.canonicalRevision.length > 0 || this.name.length === 0) return;
    this.canonicalRevision = this.version.length > 0 ? this.version : 'latest';
  }
}
